//! `GET /`, `/health`, `/ready`, `/metrics`.

use std::io::Read;

use service::testing::Service;

use crate::support::start;

#[test]
fn is_healthy_and_ready() {
    let service = start(&[]);
    assert_eq!(service.get("/health").json()["status"], "ok");
    assert_eq!(service.get("/ready").json()["status"], "ready");
    let head = service.send("HEAD", "/health", "");
    assert_eq!((head.status, head.body.as_str()), (200, ""));
}

#[test]
fn the_first_page_names_every_path_and_the_rest_of_the_stack_on_one_screen() {
    let page = start(&[]).get("/");
    assert_eq!(page.status, 200);
    assert_eq!(page.header("content-type"), "text/plain; charset=utf-8");
    for named in [
        "POST /orders",
        "POST /simulate",
        "/metrics",
        "/health",
        "/ready",
        "slow_seconds",
        "http://localhost:9090/",
        "http://localhost:9093/",
        "http://localhost:3000/",
        "http://localhost:8025/",
    ] {
        assert!(page.body.contains(named), "{named}");
    }
    assert!(page.body.lines().count() <= 24);
    assert!(page.body.lines().all(|line| line.chars().count() <= 100));
}

#[test]
fn a_browser_gets_the_first_page_with_links() {
    let service = start(&[("ORDER_LINKS", "Prometheus=http://localhost:19090")]);
    let accept = [("accept", "text/html,application/xhtml+xml,*/*;q=0.8")];
    let page = service.send_with("GET", "/", "", &accept);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    for linked in ["http://localhost:19090/", "/metrics"] {
        let link = format!("<a href=\"{linked}\">");
        assert!(page.body.contains(&link), "{}", page.body);
    }
    assert!(!page.body.contains("Grafana"), "{}", page.body);
}

/// The body of `/metrics`, as it is sent.
fn metrics(service: &Service, accept_encoding: &str) -> (String, Vec<u8>) {
    let agent = ureq::agent();
    let request = agent.get(format!("http://{}/metrics", service.address));
    let request = request.header("accept-encoding", accept_encoding);
    let answer = request.call().expect("an answer");
    assert_eq!(
        answer.headers()["content-type"],
        "text/plain; version=0.0.4"
    );
    let encoding = answer.headers().get("content-encoding");
    let encoding = encoding.map_or("", |encoding| encoding.to_str().expect("text"));
    let (encoding, mut body) = (encoding.to_owned(), Vec::new());
    let mut reader = answer.into_body().into_reader();
    reader.read_to_end(&mut body).expect("readable");
    (encoding, body)
}

#[test]
fn metrics_are_prometheus_text_and_compressed_when_asked() {
    let service = start(&[]);
    let (encoding, plain) = metrics(&service, "identity");
    assert_eq!(encoding, "");
    let (encoding, zipped) = metrics(&service, "gzip");
    assert_eq!(encoding, "gzip");
    assert!(zipped.starts_with(&[0x1f, 0x8b]), "not gzip");
    assert!(
        zipped.len() * 5 < plain.len(),
        "{} of {}",
        zipped.len(),
        plain.len()
    );
}
