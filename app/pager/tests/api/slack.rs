//! `POST /slack`: what an incoming webhook accepts and refuses.

use serde_json::json;

use crate::support::Service;

#[test]
fn accepts_a_message_and_says_ok() {
    let service = Service::start(&[]);
    let answer = service.client.post("/slack", &json!({"text": "Hello"}));
    assert_eq!((answer.status, answer.body.as_str()), (200, "ok"));
    assert!(answer.header("content-type").starts_with("text/plain"));
    let all = service.client.notifications();
    assert_eq!(all[0]["receiver"], "slack");
    assert_eq!(all[0]["annotations"]["summary"], "Hello");
    assert!(all[0]["dedup_key"].is_null());
}

#[test]
fn accepts_a_form() {
    let service = Service::start(&[]);
    let form = "payload=%7B%22text%22%3A%22Hello%22%7D";
    for content_type in [
        "application/x-www-form-urlencoded",
        "APPLICATION/X-WWW-Form-URLEncoded; charset=UTF-8",
    ] {
        let answer = service.client.send("POST", "/slack", content_type, form);
        assert_eq!((answer.status, answer.body.as_str()), (200, "ok"));
    }
}

#[test]
fn refuses_as_slack_does() {
    let service = Service::start(&[]);
    for (path, body, status, says) in [
        ("/slack", "not JSON", 400, "invalid_payload"),
        ("/slack", "{}", 400, "no_text"),
        ("/slack/", r#"{"text": "x"}"#, 404, "no_team"),
        ("/slack/T0/B0/x", r#"{"text": "x"}"#, 404, "no_team"),
    ] {
        let answer = service.client.send("POST", path, "application/json", body);
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (status, says),
            "{path} {body}"
        );
    }
    assert!(service.client.notifications().is_empty());
    for (reason, count) in [("invalid_payload", "1"), ("no_text", "1"), ("no_team", "2")] {
        let series = format!(r#"pager_refused_total{{reason="{reason}",receiver="slack"}}"#);
        assert_eq!(service.client.sample(&series), count, "{reason}");
    }
}

#[test]
fn every_attachment_is_a_notification() {
    let service = Service::start(&[]);
    let attachments = [json!({"text": "one"}), json!({"text": "two"})];
    service
        .client
        .post("/slack", &json!({"attachments": attachments}));
    let summaries: Vec<_> = service
        .client
        .notifications()
        .iter()
        .map(|n| n["annotations"]["summary"].clone())
        .collect();
    assert_eq!(summaries, ["one", "two"]);
}
