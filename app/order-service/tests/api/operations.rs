//! `GET /`, `/health`, `/ready`, `/metrics`.

use crate::support::{Client, Service};

#[test]
fn is_healthy_and_ready() {
    let service = Service::start(&[]);
    assert_eq!(service.client.get("/health").json()["status"], "ok");
    assert_eq!(service.client.get("/ready").json()["status"], "ready");
}

#[test]
fn the_first_page_names_every_path_and_fits_a_screen() {
    let service = Service::start(&[]);
    let page = service.client.get("/");
    assert_eq!(page.status, 200);
    for path in [
        "POST /orders",
        "POST /simulate",
        "/metrics",
        "/health",
        "/ready",
        "slow_seconds",
    ] {
        assert!(page.body.contains(path), "{path}");
    }
    assert!(page.body.lines().count() <= 24);
    assert!(page.body.lines().all(|line| line.chars().count() <= 100));
}

#[test]
fn the_first_page_says_where_the_rest_of_the_stack_is() {
    let page = Service::start(&[]).client.get("/").body;
    for port in [9090, 9093, 3000, 8025] {
        assert!(
            page.contains(&format!("http://localhost:{port}/")),
            "{page}"
        );
    }
    let elsewhere = [("ORDER_LINKS", "Prometheus=http://localhost:19090")];
    let page = Service::start(&elsewhere).client.get("/").body;
    assert!(page.contains("Prometheus                       http://localhost:19090/"));
    assert!(!page.contains("Grafana"), "{page}");
}

#[test]
fn a_browser_gets_the_first_page_with_links() {
    let service = Service::start(&[("ORDER_LINKS", "pager=http://localhost:8025")]);
    let url = format!("http://{}/", service.address);
    let browser = ureq::get(&url).header("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
    let mut page = browser.call().expect("an answer");
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    let page = page.body_mut().read_to_string().expect("text");
    assert!(
        page.contains("<a href=\"http://localhost:8025/\">"),
        "{page}"
    );
    assert!(page.contains("<a href=\"/metrics\">"), "{page}");
    let plain = ureq::get(&url).call().expect("an answer");
    assert_eq!(plain.headers()["content-type"], "text/plain; charset=utf-8");
}

#[test]
fn metrics_are_prometheus_text_and_compressed_when_asked() {
    let service = Service::start(&[]);
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .accept_encoding(ureq::config::AutoHeaderValue::None)
        .build()
        .into();
    let url = format!("http://{}/metrics", service.address);
    let mut plain = agent.get(&url).call().expect("an answer");
    assert!(plain.headers().get("content-encoding").is_none());
    assert_eq!(plain.headers()["content-type"], "text/plain; version=0.0.4");
    let plain = plain.body_mut().read_to_string().expect("text");

    let mut zipped = agent
        .get(&url)
        .header("accept-encoding", "gzip")
        .call()
        .expect("an answer");
    assert_eq!(zipped.headers()["content-encoding"], "gzip");
    let zipped = zipped.body_mut().read_to_vec().expect("readable");
    let magic = [0x1f, 0x8b];
    assert!(zipped.starts_with(&magic), "not gzip: {:?}", &zipped[..2]);
    assert!(
        zipped.len() * 5 < plain.len(),
        "{} of {}",
        zipped.len(),
        plain.len()
    );
}

#[test]
fn a_head_request_is_answered_without_a_body() {
    let service = Service::start(&[]);
    let answer = Client::new(service.address).send("HEAD", "/health", "");
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
}
