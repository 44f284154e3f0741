//! Health, metrics, limits, errors.

use serde_json::json;

use crate::support::Service;

#[test]
fn is_healthy() {
    let service = Service::start(&[]);
    assert_eq!(
        service.client.get("/health").json(),
        json!({"status": "ok"})
    );
}

#[test]
fn metrics_count_what_was_received() {
    let service = Service::start(&[]);
    service.client.trigger("A", "k", "");
    service.client.resolve("A", "k");
    let page = service.client.get("/metrics");
    assert_eq!(page.header("content-type"), "text/plain; version=0.0.4");
    for line in [
        r#"pager_notifications_total{receiver="pagerduty",status="firing"} 1"#,
        r#"pager_notifications_total{receiver="pagerduty",status="resolved"} 1"#,
        r#"pager_notifications_total{receiver="slack",status="firing"} 0"#,
        "pager_entries 2",
    ] {
        assert!(page.body.contains(line), "{line} is not in {}", page.body);
    }
}

#[test]
fn a_body_over_512_kib_is_refused() {
    let service = Service::start(&[]);
    let text = |bytes: usize| json!({"text": "x".repeat(bytes)});
    assert_eq!(service.client.post("/slack", &text(524_000)).status, 200);
    for (path, receiver) in [
        ("/slack", "slack"),
        ("/pagerduty/v2/enqueue", "pagerduty"),
        ("/webhook", "webhook"),
    ] {
        let answer = service.client.post(path, &text(525_000));
        assert_eq!(answer.status, 413, "{path}");
        assert_eq!(answer.json()["code"], "payload_too_large");
        let series =
            format!(r#"pager_refused_total{{reason="payload_too_large",receiver="{receiver}"}}"#);
        assert_eq!(service.client.sample(&series), "1");
    }
}

#[test]
fn unknown_paths_and_methods_are_problems() {
    let service = Service::start(&[]);
    for (method, path, status, code) in [
        ("GET", "/inbox", 404, "not_found"),
        ("POST", "/pagerduty/v1/enqueue", 404, "not_found"),
        ("GET", "/slack", 405, "method_not_allowed"),
        ("POST", "/outage/slack", 405, "method_not_allowed"),
    ] {
        let answer = service.client.send(method, path, "application/json", "");
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (status, &json!(code)),
            "{method} {path}"
        );
    }
}

#[test]
fn a_metric_tells_dashboards_what_to_link() {
    let service = Service::start(&[("PROMETHEUS_URL", "http://[::1]:9090")]);
    let info = r#"pager_links_info{alertmanager_url="",grafana_url="",pager_url="",prometheus_url="http://[::1]:9090"}"#;
    assert_eq!(service.client.sample(info), "1");
}
