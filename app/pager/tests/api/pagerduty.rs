//! `POST /pagerduty/v2/enqueue`: what the Events API v2 accepts and refuses.

use serde_json::{Value, json};

use crate::support::{KEY, Service};

const PATH: &str = "/pagerduty/v2/enqueue";

#[test]
fn triggers_and_resolves_by_one_key() {
    let service = Service::start(&[]);
    let answer = service.client.trigger("HighErrorRate", "k", "too many");
    assert_eq!(answer.status, 202);
    assert_eq!(
        answer.json(),
        json!({"status": "success", "message": "Event processed", "dedup_key": "k"})
    );
    assert_eq!(service.client.resolve("HighErrorRate", "k").status, 202);
    let all = service.client.notifications();
    let seen: Vec<_> = all
        .iter()
        .map(|n| (&n["status"], &n["dedup_key"]))
        .collect();
    assert_eq!(
        seen,
        [
            (&json!("firing"), &json!("k")),
            (&json!("resolved"), &json!("k"))
        ]
    );
}

#[test]
fn makes_up_a_key_for_a_trigger_without_one() {
    let service = Service::start(&[]);
    let payload = json!({"summary": "s", "source": "x", "severity": "info"});
    let body = json!({"routing_key": KEY, "event_action": "trigger", "payload": payload});
    let key = service.client.post(PATH, &body).json()["dedup_key"].clone();
    assert!(key.as_str().is_some_and(|key| !key.is_empty()));
    assert_eq!(service.client.notifications()[0]["dedup_key"], key);
}

#[test]
fn an_acknowledgement_is_accepted_and_no_notification() {
    let service = Service::start(&[]);
    service.client.trigger("HighErrorRate", "k", "too many");
    let body = json!({"routing_key": KEY, "event_action": "acknowledge", "dedup_key": "k"});
    assert_eq!(service.client.post(PATH, &body).status, 202);
    assert_eq!(service.client.notifications().len(), 1);
    assert_eq!(service.client.sample("pager_acknowledgements_total"), "1");
}

#[test]
fn refuses_as_pagerduty_does() {
    let service = Service::start(&[]);
    let refused = |body: &Value| {
        let answer = service.client.post(PATH, body);
        assert_eq!(answer.status, 400, "{body}");
        let answer = answer.json();
        assert_eq!(answer["status"], "invalid event");
        assert_eq!(answer["message"], "Event object is invalid");
        answer["errors"][0].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(
        refused(&json!({"event_action": "trigger"})),
        "'routing_key' is missing or blank"
    );
    let mut another =
        json!({"routing_key": "x".repeat(32), "event_action": "resolve", "dedup_key": "k"});
    assert_eq!(refused(&another), "Invalid routing key");
    another["routing_key"] = json!(KEY);
    another["event_action"] = json!("close");
    assert!(refused(&another).starts_with("'event_action' is invalid"));
    let summary = |characters| {
        let payload = json!({"summary": "é".repeat(characters), "source": "x", "severity": "info"});
        json!({"routing_key": KEY, "event_action": "trigger", "dedup_key": "k", "payload": payload, "links": null})
    };
    assert!(refused(&summary(1_025)).starts_with("Length of 'payload.summary'"));
    assert!(service.client.notifications().is_empty());
    assert_eq!(service.client.post(PATH, &summary(1_024)).status, 202);
    let series = r#"pager_refused_total{reason="invalid_routing_key",receiver="pagerduty"}"#;
    assert_eq!(service.client.sample(series), "1");
}
