//! `POST /slack`: what an incoming webhook accepts and refuses, and what is read from it.

use serde_json::{Value, json};

use crate::support::Pager;

const PATH: &str = "/slack";

#[test]
fn accepts_a_message_and_says_ok() {
    let pager = Pager::start(&[]);
    let answer = pager.post_json(PATH, &json!({"text": "Hello"}));
    assert_eq!((answer.status, answer.body.as_str()), (200, "ok"));
    assert!(answer.header("content-type").starts_with("text/plain"));
    let all = pager.notifications();
    assert_eq!(all[0]["receiver"], "slack");
    assert_eq!(all[0]["annotations"], json!({"summary": "Hello"}));
}

#[test]
fn accepts_a_form() {
    let pager = Pager::start(&[]);
    for content_type in [
        "application/x-www-form-urlencoded",
        "APPLICATION/X-WWW-Form-URLEncoded; charset=UTF-8",
    ] {
        let headers = [("content-type", content_type)];
        let post = |form| pager.send_with("POST", PATH, form, &headers).body;
        assert_eq!(post("payload=%7B%22text%22%3A%22Hello%22%7D"), "ok");
        assert_eq!(post("text=Hello"), "invalid_payload");
    }
    assert_eq!(pager.notifications()[1]["annotations"]["summary"], "Hello");
}

#[test]
fn refuses_as_slack_does() {
    let pager = Pager::start(&[]);
    for (path, body, status, says) in [
        ("/slack", "", 400, "invalid_payload"),
        ("/slack", "not JSON", 400, "invalid_payload"),
        ("/slack", "[]", 400, "invalid_payload"),
        ("/slack", "\"text\"", 400, "invalid_payload"),
        ("/slack", r#"{"text": 1}"#, 400, "invalid_payload"),
        ("/slack", r#"{"attachments": {}}"#, 400, "invalid_payload"),
        ("/slack", "{}", 400, "no_text"),
        ("/slack", r#"{"text": " "}"#, 400, "no_text"),
        ("/slack", r#"{"attachments": []}"#, 400, "no_text"),
        ("/slack/", r#"{"text": "x"}"#, 404, "no_team"),
        ("/slack/T0/B0/x", r#"{"text": "x"}"#, 404, "no_team"),
    ] {
        let answer = pager.send("POST", path, body);
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (status, says),
            "{path} {body}"
        );
    }
    for (reason, count) in [("invalid_payload", "6"), ("no_text", "3"), ("no_team", "2")] {
        assert_eq!(pager.refused("slack", reason), count, "{reason}");
    }
    assert!(pager.notifications().is_empty());
}

#[test]
fn every_attachment_is_a_notification_up_to_a_hundred() {
    let pager = Pager::start(&[]);
    let attachments = |count| json!({"attachments": vec![json!({"text": "x"}); count]});
    assert_eq!(pager.post_json(PATH, &attachments(100)).status, 200);
    assert_eq!(pager.notifications().len(), 100);
    let refused = pager.post_json(PATH, &attachments(101));
    assert_eq!(
        (refused.status, refused.body.as_str()),
        (400, "too_many_attachments")
    );
}

#[test]
fn recovers_what_our_template_writes() {
    let pager = Pager::start(&[]);
    let runbook = "http://localhost:8025/runbooks/HighLatency";
    let notification = pager.notified(PATH, &json!({"attachments": [{
        "title": "[RESOLVED] High&lt;Latency&gt;",
        "color": "good",
        "fallback": "[RESOLVED] HighLatency: p95 is 2.4 s",
        "callback_id": "alertname=HighLatency,severity=warning",
        "text": "From 2026-01-01 00:00:00 to 00:01:00 UTC, 1m 0s\n  p95 is 2.4 s\n  The threshold is &gt; 2 s &amp; lasts.\n",
        "fields": [{"title": "Labels", "value": "* alertname = HighLatency\n* severity = warning\n* path = a \"b\"\n", "short": false}],
        "actions": [{"type": "button", "text": "Runbook", "url": runbook}],
    }]}));
    let labels = json!({"alertname": "HighLatency", "severity": "warning", "path": "a \"b\""});
    let annotations = json!({
        "summary": "p95 is 2.4 s", "description": "The threshold is > 2 s & lasts.", "runbook_url": runbook
    });
    for (field, expected) in [
        ("status", json!("resolved")),
        // As the title says.
        ("alertname", json!("High<Latency>")),
        ("severity", json!("warning")),
        ("labels", labels.clone()),
        ("annotations", annotations.clone()),
        ("dedup_key", json!("alertname=HighLatency,severity=warning")),
        (
            "alerts",
            json!([{"status": "resolved", "labels": labels, "annotations": annotations}]),
        ),
    ] {
        assert_eq!(notification[field], expected, "{field}");
    }
}

#[test]
fn of_several_alerts_the_fallback_is_the_summary() {
    let fallback = "[FIRING, RESOLVED] TargetDown: a is down";
    let notification = Pager::start(&[]).notified(
        PATH,
        &json!({"attachments": [{
            "title": "[FIRING, RESOLVED] TargetDown",
            "fallback": fallback,
            "text": "Still firing:\nSince 2026-01-01 00:00:00 UTC\n  a is down\n  \nOver:\n\
                From 2026-01-01 00:00:00 to 00:01:00 UTC, 1m 0s\n  b is down\n  \n",
        }]}),
    );
    assert_eq!(notification["status"], "firing");
    assert_eq!(notification["annotations"], json!({"summary": fallback}));
    let alerts = json!([
        {"status": "firing", "labels": {}, "annotations": {"summary": "a is down"}},
        {"status": "resolved", "labels": {}, "annotations": {"summary": "b is down"}},
    ]);
    assert_eq!(notification["alerts"], alerts);
}

#[test]
fn a_foreign_message_has_what_it_has() {
    let pager = Pager::start(&[]);
    let section = json!({"type": "section", "text": {"type": "mrkdwn", "text": "Hello"}});
    let title_and_nulls = json!({
        "title": null, "text": "x", "actions": null, "blocks": null,
        "fields": [{"title": 1, "value": 2.5, "short": "true"}, {"title": "none", "value": null}],
    });
    for (message, annotations) in [
        (
            json!({"text": "Deployed\nto production"}),
            json!({"summary": "Deployed", "description": "to production"}),
        ),
        (json!({"blocks": [section]}), json!({"summary": "Hello"})),
        (
            json!({"attachments": [{"fallback": "Down", "text": "Since noon"}]}),
            json!({"summary": "Down", "description": "Since noon"}),
        ),
        (
            json!({"text": null, "blocks": null, "attachments": [title_and_nulls]}),
            json!({"summary": "x"}),
        ),
        (
            json!({"text": "x", "attachments": null}),
            json!({"summary": "x"}),
        ),
        // As Slack shows mentions and links.
        (
            json!({"text": "<!channel> disk &lt;80%&gt; &amp;lt; <http://a/b|there> <@U1> 1 < 2"}),
            json!({"summary": "@channel disk <80%> &lt; there @U1 1 < 2"}),
        ),
    ] {
        let notification = pager.notified(PATH, &message);
        assert_eq!(notification["annotations"], annotations, "{message}");
        assert_eq!(notification["status"], "firing");
        assert_eq!(
            (&notification["alertname"], &notification["dedup_key"]),
            (&json!(""), &Value::Null)
        );
    }
    let long = json!({"attachments": [{"fallback": "x", "text": "é".repeat(9_000)}]});
    let cut = json!("é".repeat(8_000));
    assert_eq!(
        pager.notified(PATH, &long)["annotations"]["description"],
        cut
    );
}

#[test]
fn refuses_more_blocks_than_slack_takes_and_longer_ones() {
    let pager = Pager::start(&[]);
    let text = |characters: usize| json!({"type": "mrkdwn", "text": "x".repeat(characters)});
    let fields = |count: usize, characters: usize| json!([{"type": "section", "fields": vec![text(characters); count]}]);
    let section = |characters| json!({"type": "section", "text": text(characters)});
    pager.notified(PATH, &json!({"blocks": vec![section(3_000); 50]}));
    for blocks in [
        json!(vec![json!({"type": "divider"}); 51]),
        json!([section(3_001)]),
        json!([{"type": "header", "text": text(151)}]),
        fields(11, 1),
        fields(1, 2_001),
    ] {
        for body in [
            json!({"blocks": blocks}),
            json!({"attachments": [{"blocks": blocks}]}),
        ] {
            let refused = pager.post_json(PATH, &body);
            assert_eq!(
                (refused.status, refused.body.as_str()),
                (400, "invalid_blocks")
            );
        }
    }
}
