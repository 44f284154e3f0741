//! Valid events, and invalid ones.

use serde_json::json;

use super::*;
use crate::config::Config;

const KEY: &str = "0123456789abcdefghijklmnopqrstuv";

fn read_json(body: &Value) -> Result<Event, InvalidEvent> {
    let settings = |name: &str| (name == "PAGER_PAGERDUTY_ROUTING_KEY").then(|| KEY.to_owned());
    let config = Config::from_lookup(settings).expect("valid");
    read(body.to_string().as_bytes(), &config.routing_key, || {
        "new".to_owned()
    })
}

fn errors(body: &Value) -> Vec<String> {
    read_json(body).expect_err("refused").errors
}

fn trigger() -> Value {
    json!({
        "routing_key": KEY, "event_action": "trigger", "dedup_key": "k",
        "payload": {
            "summary": "31 % of orders fail", "source": "orderwatch", "severity": "critical", "class": "HighErrorRate",
            "custom_details": {
                "labels": "* alertname = HighErrorRate\n* job = order-service\n* severity = critical\n",
                "firing": "Since 2026-01-01 00:00:00 UTC\n  31 % of orders fail\n  too many\n",
                "resolved": "none",
                "num_firing": 1,
            },
        },
        "links": [{"href": "http://b/2", "text": "Runbook"}, {"href": "http://b/3", "text": "Prometheus"}],
    })
}

#[test]
fn reads_labels_annotations_and_links() {
    let Ok(Event::Notified(notification)) = read_json(&trigger()) else {
        panic!("refused");
    };
    assert_eq!(notification.alertname, "HighErrorRate");
    assert_eq!(notification.labels["job"], "order-service");
    assert_eq!(notification.annotations["summary"], "31 % of orders fail");
    assert_eq!(notification.annotations["description"], "too many");
    assert_eq!(notification.annotations["runbook_url"], "http://b/2");
    assert_eq!(notification.annotations["prometheus_url"], "http://b/3");
    assert_eq!(notification.dedup_key.as_deref(), Some("k"));
    let [alert] = &notification.alerts[..] else {
        panic!("{:?}", notification.alerts);
    };
    assert_eq!(
        (alert.status, &alert.labels),
        (Status::Firing, &notification.labels)
    );
    assert_eq!(
        alert.annotations.keys().collect::<Vec<_>>(),
        ["description", "runbook_url", "summary"]
    );
}

#[test]
fn a_foreign_event_has_what_it_has() {
    let mut body = trigger();
    body["payload"]["custom_details"] = json!("text");
    body["dedup_key"] = Value::Null;
    body["links"] = Value::Null;
    let Ok(Event::Notified(notification)) = read_json(&body) else {
        panic!("refused");
    };
    assert_eq!(
        (
            notification.alertname.as_str(),
            notification.severity.as_str()
        ),
        ("HighErrorRate", "critical")
    );
    assert!(notification.labels.is_empty());
    assert_eq!(notification.dedup_key.as_deref(), Some("new"));
}

#[test]
fn resolve_and_acknowledge_need_only_their_keys() {
    let event = |action| json!({"routing_key": KEY, "event_action": action, "dedup_key": "k"});
    let Ok(Event::Notified(resolved)) = read_json(&event("resolve")) else {
        panic!("refused");
    };
    assert_eq!(
        (resolved.status, resolved.dedup_key.as_deref()),
        (Status::Resolved, Some("k"))
    );
    let acknowledged = Event::Acknowledged {
        dedup_key: "k".to_owned(),
    };
    assert_eq!(read_json(&event("acknowledge")), Ok(acknowledged));
}

#[test]
fn names_every_field_that_is_wrong() {
    assert_eq!(
        errors(&json!({})),
        [
            "'routing_key' is missing or blank",
            "'event_action' is missing or blank"
        ]
    );
    assert_eq!(
        errors(
            &json!({"routing_key": KEY, "event_action": "trigger", "payload": {"severity": "none"}})
        ),
        [
            "'payload.summary' is missing or blank",
            "'payload.source' is missing or blank",
            "'payload.severity' is invalid (must be one of the following: 'critical', 'warning', 'error' or 'info')",
        ]
    );
    assert_eq!(
        errors(&json!({"routing_key": "short", "event_action": "resolve"})),
        [
            "Length of 'routing_key' is incorrect (should be 32 characters)",
            "'dedup_key' is missing or blank",
        ]
    );
    assert!(errors(&json!({"routing_key": KEY, "event_action": "close"}))[0].contains("'trigger'"));
    assert!(errors(&json!([]))[0].starts_with("Invalid JSON"));
}

#[test]
fn a_well_formed_key_that_is_not_ours_is_refused() {
    let mut body = trigger();
    body["routing_key"] = json!("x".repeat(32));
    let refused = read_json(&body).expect_err("another's key");
    assert_eq!(refused.refusal, Refusal::InvalidRoutingKey);
    assert_eq!(refused.errors, ["Invalid routing key"]);
}
