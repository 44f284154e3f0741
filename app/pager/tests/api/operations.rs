//! Metrics, limits, errors.

use serde_json::json;

use crate::support::Pager;

#[test]
fn every_series_is_there_at_zero_and_counts_what_is_received() {
    let pager = Pager::start(&[("PROMETHEUS_URL", "http://[::1]:9090")]);
    let mut own = pager.samples();
    own.retain(|series, _| series.starts_with("pager_"));
    let links = r#"pager_links_info{alertmanager_url="",grafana_url="",pager_url="",prometheus_url="http://[::1]:9090"}"#;
    assert_eq!(own.remove(links).as_deref(), Some("1"));
    assert!(own.remove("pager_heartbeat_age_seconds").is_some());
    assert!(own.values().all(|value| value == "0"), "{own:#?}");
    let count = |name: &str| own.keys().filter(|series| series.starts_with(name)).count();
    assert_eq!(count("pager_notifications_total{"), 8);
    assert_eq!(count("pager_refused_total{"), 15);
    assert_eq!(own.len(), 8 + 15 + 5);

    pager.trigger("A", "k", "");
    pager.resolve("A", "k");

    let page = pager.get("/metrics");
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
    let pager = Pager::start(&[]);
    let text = |bytes: usize| json!({"text": "x".repeat(bytes)});
    assert_eq!(pager.post_json("/slack", &text(524_000)).status, 200);
    for (path, receiver) in [
        ("/slack", "slack"),
        ("/pagerduty/v2/enqueue", "pagerduty"),
        ("/webhook", "webhook"),
    ] {
        let refused = pager.post_json(path, &text(525_000)).problem();
        assert_eq!(refused, (413, "payload_too_large".to_owned()), "{path}");
        assert_eq!(pager.refused(receiver, "payload_too_large"), "1");
    }
}

#[test]
fn unknown_paths_and_methods_are_problems() {
    let pager = Pager::start(&[]);
    for (method, path, status, code) in [
        ("GET", "/inbox", 404, "not_found"),
        ("POST", "/pagerduty/v1/enqueue", 404, "not_found"),
        ("GET", "/slack", 405, "method_not_allowed"),
        ("POST", "/outage/slack", 405, "method_not_allowed"),
    ] {
        let refused = pager.send(method, path, "").problem();
        assert_eq!(refused, (status, code.to_owned()), "{method} {path}");
    }
}
