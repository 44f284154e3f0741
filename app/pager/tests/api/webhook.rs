//! `POST /webhook`: Alertmanager's webhook, version 4.

use serde_json::{Value, json};

use crate::support::Pager;

const PATH: &str = "/webhook";

fn alert(alertname: &str, status: &str) -> Value {
    json!({
        "status": status, "labels": {"alertname": alertname, "severity": "warning"},
        "annotations": {"summary": "so"}, "startsAt": "2026-01-01T00:00:00Z", "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://localhost:9090/graph", "fingerprint": "f1",
    })
}

fn body(version: &str, alerts: &[Value]) -> Value {
    json!({
        "version": version, "receiver": "any", "status": "firing", "groupKey": "{}:{}", "truncatedAlerts": 0,
        "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {}, "externalURL": "http://localhost:9093",
        "alerts": alerts,
    })
}

#[test]
fn keeps_an_alert() {
    let pager = Pager::start(&[]);
    let notification = pager.notified(PATH, &body("4", &[alert("HighLatency", "firing")]));
    let annotations = json!({"summary": "so", "prometheus_url": "http://localhost:9090/graph"});
    for (field, expected) in [
        ("receiver", json!("webhook")),
        ("alertname", json!("HighLatency")),
        ("severity", json!("warning")),
        ("dedup_key", json!("f1")),
        ("annotations", annotations),
    ] {
        assert_eq!(notification[field], expected, "{field}");
    }
    let mut bare = alert("A", "firing");
    bare["annotations"] = Value::Null;
    let notification = pager.notified(PATH, &body("4", &[bare]));
    assert_eq!(notification["alerts"][0]["annotations"], json!({}));
}

#[test]
fn a_firing_watchdog_is_counted_and_everything_else_kept() {
    let pager = Pager::start(&[]);
    let beat = || alert("Watchdog", "firing");
    for alerts in [
        vec![beat()],
        vec![
            beat(),
            alert("HighLatency", "firing"),
            alert("Watchdog", "resolved"),
        ],
    ] {
        assert_eq!(pager.post_json(PATH, &body("4", &alerts)).status, 200);
    }
    let all = pager.notifications();
    let kept: Vec<_> = all
        .iter()
        .map(|n| [&n["alertname"], &n["status"]])
        .collect();
    assert_eq!(
        json!(kept),
        json!([["HighLatency", "firing"], ["Watchdog", "resolved"]])
    );
    assert_eq!(pager.sample("pager_heartbeats_total"), "2");
}

#[test]
fn refuses_other_versions_and_other_bodies() {
    let pager = Pager::start(&[]);
    for (body, code) in [
        (json!({"version": "3", "alert": []}), "unsupported_version"),
        (json!({"version": 4, "alerts": []}), "invalid_payload"),
        (json!({"version": "4"}), "invalid_payload"),
        (json!({"alerts": []}), "invalid_payload"),
        (json!([]), "invalid_payload"),
        (body("4", &[json!({"status": "firing"})]), "invalid_payload"),
        (body("4", &[alert("A", "suppressed")]), "invalid_payload"),
    ] {
        let refused = pager.post_json(PATH, &body).problem();
        assert_eq!(refused, (400, code.to_owned()), "{body}");
    }
}
