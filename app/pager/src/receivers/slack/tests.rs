//! Messages from our template and from other senders, and invalid ones.

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
        "title": "[RESOLVED] High&lt;Latency&gt;",
        "color": "good",
        "fallback": "[RESOLVED] HighLatency: p95 is 2.4 s",
        "callback_id": "alertname=HighLatency,severity=warning",
        "text": "From 2026-01-01 00:00:00 to 00:01:00 UTC, 1m 0s\n  p95 is 2.4 s\n  The threshold is &gt; 2 s &amp; lasts.\n",
        "fields": [{"title": "Labels", "value": "* alertname = HighLatency\n* severity = warning\n* path = a \"b\"\n", "short": false}],
        "actions": [{"type": "button", "text": "Runbook", "url": "http://localhost:8025/runbooks/HighLatency"}],
    }]}));
    assert_eq!(notification.status, Status::Resolved);
    assert_eq!(notification.alertname, "High<Latency>", "as the title says");
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
    assert_eq!(notification.alerts[0].status, Status::Resolved);
    assert_eq!(notification.alerts[0].annotations, notification.annotations);
}

#[test]
fn of_several_alerts_the_fallback_is_the_summary() {
    let notification = only(&json!({"attachments": [{
        "title": "[FIRING, RESOLVED] TargetDown",
        "fallback": "[FIRING, RESOLVED] TargetDown: a is down",
        "text": "Still firing:\nSince 2026-01-01 00:00:00 UTC\n  a is down\n  \nOver:\n\
            From 2026-01-01 00:00:00 to 00:01:00 UTC, 1m 0s\n  b is down\n  \n",
    }]}));
    assert_eq!(notification.status, Status::Firing);
    assert_eq!(
        notification.annotations["summary"],
        "[FIRING, RESOLVED] TargetDown: a is down"
    );
    assert!(!notification.annotations.contains_key("description"));
    let told: Vec<_> = notification
        .alerts
        .iter()
        .map(|alert| (alert.status, alert.annotations["summary"].as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (Status::Firing, "a is down"),
            (Status::Resolved, "b is down")
        ]
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
fn shows_mentions_and_links_as_slack_does() {
    assert_eq!(
        shown("<!channel> disk &lt;80%&gt; &amp;lt; <http://a/b|there> <@U1> 1 < 2"),
        "@channel disk <80%> &lt; there @U1 1 < 2"
    );
}

#[test]
fn accepts_what_slack_accepts() {
    let notification = only(&json!({"text": null, "blocks": null, "attachments": [{
        "title": null, "text": "x", "actions": null, "blocks": null,
        "fields": [{"title": 1, "value": 2.5, "short": "true"}, {"title": "none", "value": null}],
    }]}));
    assert_eq!(notification.annotations["summary"], "x");
    only(&json!({"text": "x", "attachments": null}));
    let section = |characters: usize| json!({"type": "section", "text": {"type": "mrkdwn", "text": "x".repeat(characters)}});
    only(&json!({"blocks": vec![section(MAX_BLOCK_TEXT); MAX_BLOCKS]}));
    let shown = only(&json!({"attachments": [{"fallback": "x", "text": "é".repeat(9_000)}]}));
    assert_eq!(
        shown.annotations["description"].chars().count(),
        SHOWN_ATTACHMENT
    );
}

#[test]
fn refuses_more_blocks_than_slack_takes_and_longer_ones() {
    let text = |characters: usize| json!({"type": "mrkdwn", "text": "x".repeat(characters)});
    let fields = |count: usize, characters: usize| json!([{"type": "section", "fields": vec![text(characters); count]}]);
    for blocks in [
        json!(vec![json!({"type": "divider"}); MAX_BLOCKS + 1]),
        json!([{"type": "section", "text": text(MAX_BLOCK_TEXT + 1)}]),
        json!([{"type": "header", "text": text(MAX_HEADER + 1)}]),
        fields(MAX_BLOCK_FIELDS + 1, 1),
        fields(1, MAX_BLOCK_FIELD + 1),
    ] {
        for body in [
            json!({"blocks": blocks}),
            json!({"attachments": [{"blocks": blocks}]}),
        ] {
            let refused = read(body.to_string().as_bytes(), false);
            assert_eq!(refused, Err(Refusal::InvalidBlocks));
        }
    }
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
