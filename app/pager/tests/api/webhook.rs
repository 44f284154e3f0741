//! `POST /webhook`: Alertmanager's webhook, version 4.

use serde_json::{Value, json};

use crate::support::Service;

fn body(version: &str, alertname: &str) -> Value {
    json!({
        "version": version, "receiver": "any", "status": "firing", "groupKey": "{}:{}", "truncatedAlerts": 0,
        "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {}, "externalURL": "http://localhost:9093",
        "alerts": [{
            "status": "firing", "labels": {"alertname": alertname, "severity": "warning"},
            "annotations": {"summary": "so"}, "startsAt": "2026-01-01T00:00:00Z", "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://localhost:9090/graph", "fingerprint": "f1",
        }],
    })
}

#[test]
fn keeps_an_alert() {
    let service = Service::start(&[]);
    assert_eq!(
        service
            .client
            .post("/webhook", &body("4", "HighLatency"))
            .status,
        200
    );
    let all = service.client.notifications();
    assert_eq!(all.len(), 1);
    assert_eq!(
        (&all[0]["receiver"], &all[0]["dedup_key"]),
        (&json!("webhook"), &json!("f1"))
    );
}

#[test]
fn a_firing_watchdog_is_counted_and_not_kept() {
    let service = Service::start(&[]);
    for _ in 0..3 {
        assert_eq!(
            service
                .client
                .post("/webhook", &body("4", "Watchdog"))
                .status,
            200
        );
    }
    assert!(service.client.notifications().is_empty());
    assert_eq!(service.client.sample("pager_heartbeats_total"), "3");
}

#[test]
fn refuses_another_version_and_another_body() {
    let service = Service::start(&[]);
    for (body, code) in [
        (body("3", "A"), "unsupported_version"),
        (json!({"version": "4"}), "invalid_payload"),
        (json!([]), "invalid_payload"),
    ] {
        let answer = service.client.post("/webhook", &body);
        assert_eq!(answer.status, 400);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(answer.json()["code"], code);
    }
}
