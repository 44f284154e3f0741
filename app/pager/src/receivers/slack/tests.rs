//! Messages as our template, other people and mistakes write them.

use serde_json::json;

use super::*;

fn only(body: &Value) -> Notification {
    let mut all = read(body.to_string().as_bytes(), false).expect("accepted");
    assert_eq!(all.len(), 1);
    all.remove(0)
}

#[test]
fn recovers_what_our_template_writes() {
    let notification = only(&json!({"attachments": [{
        "title": "[RESOLVED] HighLatency",
        "color": "good",
        "callback_id": "alertname=HighLatency,severity=warning",
        "text": "*p95 is 2.4 s*\nThe threshold is &gt; 2 s &amp; lasts.",
        "fields": [{"title": "Labels", "value": "alertname=\"HighLatency\"\nseverity=\"warning\"\npath=\"a \\\"b\\\"\"", "short": false}],
        "actions": [{"type": "button", "text": "Runbook", "url": "http://localhost:8025/runbooks/HighLatency"}],
    }]}));
    assert_eq!(notification.status, Status::Resolved);
    assert_eq!(notification.alertname, "HighLatency");
    assert_eq!(notification.severity, "warning");
    assert_eq!(notification.labels["path"], "a \"b\"");
    assert_eq!(notification.annotations["summary"], "p95 is 2.4 s");
    assert_eq!(
        notification.annotations["description"],
        "The threshold is > 2 s & lasts."
    );
    assert_eq!(
        notification.annotations["runbook_url"],
        "http://localhost:8025/runbooks/HighLatency"
    );
    assert_eq!(
        notification.dedup_key.as_deref(),
        Some("alertname=HighLatency,severity=warning")
    );
}

#[test]
fn a_foreign_message_has_what_it_has() {
    let notification = only(&json!({"text": "Deployed &lt;1.2&gt;"}));
    assert_eq!(notification.annotations["summary"], "Deployed <1.2>");
    assert_eq!(notification.alertname, "");
    assert_eq!(
        (notification.status, notification.dedup_key),
        (Status::Firing, None)
    );
    let block = only(
        &json!({"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "Hello"}}]}),
    );
    assert_eq!(block.annotations["summary"], "Hello");
    let fallback = only(&json!({"attachments": [{"fallback": "Down", "text": "Since noon"}]}));
    assert_eq!(fallback.annotations["summary"], "Down");
    assert_eq!(fallback.annotations["description"], "Since noon");
}

#[test]
fn refuses_what_is_no_message() {
    for body in [
        "",
        "x",
        "[]",
        "\"text\"",
        r#"{"text": 1}"#,
        r#"{"attachments": {}}"#,
    ] {
        assert_eq!(
            read(body.as_bytes(), false),
            Err(Refusal::InvalidPayload),
            "{body}"
        );
    }
    for body in ["{}", r#"{"text": " "}"#, r#"{"attachments": []}"#] {
        assert_eq!(read(body.as_bytes(), false), Err(Refusal::NoText), "{body}");
    }
    let many = json!({"attachments": vec![json!({"text": "x"}); MAX_ATTACHMENTS + 1]});
    assert_eq!(
        read(many.to_string().as_bytes(), false),
        Err(Refusal::TooManyAttachments)
    );
}

#[test]
fn reads_the_payload_of_a_form() {
    let read = |body: &str| read(body.as_bytes(), true);
    let all = read("payload=%7B%22text%22%3A%22Hello%22%7D").expect("accepted");
    assert_eq!(all[0].annotations["summary"], "Hello");
    assert_eq!(read("text=Hello"), Err(Refusal::InvalidPayload));
}

#[test]
fn a_text_without_headline_is_not_said_twice() {
    let notification = only(&json!({"text": "Deployed\nto production"}));
    assert_eq!(notification.annotations["summary"], "Deployed");
    assert_eq!(notification.annotations["description"], "to production");
    let short = only(&json!({"text": "Deployed"}));
    assert!(!short.annotations.contains_key("description"));
}
