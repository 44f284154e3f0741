//! `POST /pagerduty/v2/enqueue`: what the Events API v2 accepts and refuses, and what is read from it.

use serde_json::{Value, json};

use crate::support::{KEY, Pager, event};

const PATH: &str = "/pagerduty/v2/enqueue";

#[test]
fn triggers_and_resolves_by_one_key() {
    let pager = Pager::start(&[]);
    let answer = pager.trigger("HighErrorRate", "k", "too many");
    assert_eq!(answer.status, 202);
    let processed = json!({"status": "success", "message": "Event processed", "dedup_key": "k"});
    assert_eq!(answer.json(), processed);
    let bare = json!({"routing_key": KEY, "event_action": "resolve", "dedup_key": "k"});
    assert_eq!(pager.enqueue(&bare).status, 202);
    let all = pager.notifications();
    let seen: Vec<_> = all
        .iter()
        .map(|n| [&n["status"], &n["dedup_key"]])
        .collect();
    assert_eq!(json!(seen), json!([["firing", "k"], ["resolved", "k"]]));
}

#[test]
fn reads_labels_annotations_and_links() {
    let pager = Pager::start(&[]);
    let firing = "Since 2026-01-01 00:00:00 UTC\n  31 % of orders fail\n  too many\n";
    let notification = pager.notified(
        PATH,
        &event("trigger", "HighErrorRate", "k", firing, "none"),
    );
    let labels =
        json!({"alertname": "HighErrorRate", "job": "order-service", "severity": "critical"});
    let runbook = "http://localhost:8025/runbooks/HighErrorRate";
    let annotations = json!({"summary": "31 % of orders fail", "description": "too many", "runbook_url": runbook});
    assert_eq!(notification["alertname"], "HighErrorRate");
    assert_eq!(notification["labels"], labels);
    let alert = json!({"status": "firing", "labels": labels, "annotations": annotations});
    assert_eq!(notification["alerts"], json!([alert]));
    let mut all = annotations;
    all["prometheus_url"] = json!("http://localhost:9090");
    assert_eq!(notification["annotations"], all);
}

#[test]
fn a_foreign_event_has_what_it_has() {
    let pager = Pager::start(&[]);
    let payload = json!({"summary": "s", "source": "x", "severity": "info", "class": "A", "custom_details": "text"});
    let body = json!({"routing_key": KEY, "event_action": "trigger", "dedup_key": null, "links": null, "payload": payload});
    let key = pager.enqueue(&body).json()["dedup_key"].clone();
    assert!(key.as_str().is_some_and(|key| !key.is_empty()), "made up");
    let notification = &pager.notifications()[0];
    assert_eq!(notification["dedup_key"], key);
    assert_eq!(notification["alertname"], "A");
    assert_eq!(notification["severity"], "info");
    assert_eq!(notification["labels"], json!({}));
}

#[test]
fn an_acknowledgement_is_accepted_and_no_notification() {
    let pager = Pager::start(&[]);
    pager.trigger("HighErrorRate", "k", "too many");
    let body = json!({"routing_key": KEY, "event_action": "acknowledge", "dedup_key": "k"});
    assert_eq!(pager.enqueue(&body).status, 202);
    assert_eq!(pager.notifications().len(), 1);
    assert_eq!(pager.sample("pager_acknowledgements_total"), "1");
}

#[test]
fn refuses_as_pagerduty_does() {
    let pager = Pager::start(&[]);
    let refused = |body: &Value| {
        let answer = pager.enqueue(body);
        assert_eq!(answer.status, 400, "{body}");
        let answer = answer.json();
        assert_eq!(answer["status"], "invalid event");
        assert_eq!(answer["message"], "Event object is invalid");
        answer["errors"].clone()
    };
    let blank = |fields: &[&str]| {
        fields
            .iter()
            .map(|f| format!("'{f}' is missing or blank"))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        refused(&json!({})),
        json!(blank(&["routing_key", "event_action"]))
    );
    let mut missing = blank(&["payload.summary", "payload.source"]);
    let severities = "(must be one of the following: 'critical', 'warning', 'error' or 'info')";
    missing.push(format!("'payload.severity' is invalid {severities}"));
    let body =
        json!({"routing_key": KEY, "event_action": "trigger", "payload": {"severity": "none"}});
    assert_eq!(refused(&body), json!(missing));
    let key = "Length of 'routing_key' is incorrect (should be 32 characters)";
    let body = json!({"routing_key": "short", "event_action": "resolve"});
    assert_eq!(
        refused(&body),
        json!([key, "'dedup_key' is missing or blank"])
    );
    let body = json!({"routing_key": KEY, "event_action": "close"});
    assert!(refused(&body)[0].to_string().contains("'trigger'"));
    let another =
        json!({"routing_key": "x".repeat(32), "event_action": "resolve", "dedup_key": "k"});
    assert_eq!(refused(&another), json!(["Invalid routing key"]));
    assert_eq!(pager.refused("pagerduty", "invalid_routing_key"), "1");
    assert!(refused(&json!([]))[0].to_string().contains("Invalid JSON"));

    let summary = |characters| {
        let mut event = event("trigger", "A", "k", "none", "none");
        event["payload"]["summary"] = "é".repeat(characters).into();
        event
    };
    assert!(
        refused(&summary(1_025))[0]
            .to_string()
            .contains("Length of 'payload.summary'")
    );
    assert!(pager.notifications().is_empty());
    assert_eq!(pager.enqueue(&summary(1_024)).status, 202);
}
