//! Slack incoming webhooks: a JSON body, or a form whose `payload` is one, with a text, attachments or blocks.
//!
//! Slack shows texts; labels and annotations are recovered from where our own template puts them (observability/alertmanager/
//! templates/slack.tmpl): a field `Labels`, the attachment's text, its buttons. A message of somebody else has fewer of them.

use serde::Deserialize;
use serde_json::Value;

use super::{Refusal, add_links, object};
use crate::notification::{Notification, Pairs, Receiver, Status};

/// Slack refuses more.
const MAX_ATTACHMENTS: usize = 100;
/// Slack's name for green, which Alertmanager's own template and ours give to what is over.
const RESOLVED_COLOUR: &str = "good";

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    text: String,
    #[serde(default)]
    attachments: Vec<Attachment>,
    #[serde(default)]
    blocks: Vec<Value>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Attachment {
    title: String,
    text: String,
    fallback: String,
    color: String,
    callback_id: String,
    fields: Vec<Field>,
    actions: Vec<Action>,
}

#[derive(Deserialize)]
struct Field {
    #[serde(default)]
    title: String,
    #[serde(default)]
    value: String,
}

#[derive(Deserialize)]
struct Action {
    #[serde(default)]
    text: String,
    #[serde(default)]
    url: String,
}

/// Reads a body: one notification for each attachment, or one for the text.
///
/// # Errors
/// It is no message, or one without anything to show.
pub fn read(body: &[u8], is_form: bool) -> Result<Vec<Notification>, Refusal> {
    let payload = if is_form {
        let payload = form_urlencoded::parse(body).find(|(name, _)| name == "payload");
        payload
            .ok_or(Refusal::InvalidPayload)?
            .1
            .into_owned()
            .into_bytes()
    } else {
        body.to_vec()
    };
    let message: Message = object(&payload).map_err(|_| Refusal::InvalidPayload)?;
    if message.attachments.len() > MAX_ATTACHMENTS {
        return Err(Refusal::InvalidPayload);
    }
    if !message.attachments.is_empty() {
        return Ok(message
            .attachments
            .iter()
            .map(|a| a.notification(&message.text))
            .collect());
    }
    let text = if message.text.trim().is_empty() {
        message.blocks.iter().find_map(block_text)
    } else {
        Some(message.text.as_str())
    };
    match text {
        Some(text) => {
            let attachment = Attachment {
                text: text.to_owned(),
                ..Attachment::default()
            };
            Ok(vec![attachment.notification("")])
        }
        None if message.blocks.is_empty() => Err(Refusal::NoText),
        None => Ok(vec![Attachment::default().notification("")]),
    }
}

/// The text of a section or header block.
fn block_text(block: &Value) -> Option<&str> {
    block["text"]["text"].as_str()
}

impl Attachment {
    fn notification(&self, message_text: &str) -> Notification {
        let labels = self.field("Labels").map(labels).unwrap_or_default();
        let label = |name: &str| labels.get(name).cloned().unwrap_or_default();
        let mut annotations = self.texts(message_text);
        let buttons = self.actions.iter();
        add_links(
            &mut annotations,
            buttons.map(|a| (a.text.as_str(), a.url.as_str())),
        );
        Notification {
            receiver: Receiver::Slack,
            alertname: label("alertname"),
            status: self.status(),
            severity: label("severity"),
            labels,
            annotations,
            // Our template names the alert group there; Slack itself has no such key.
            dedup_key: Some(self.callback_id.clone()).filter(|key| !key.is_empty()),
        }
    }

    fn field(&self, title: &str) -> Option<&str> {
        let field = self.fields.iter().find(|field| field.title == title)?;
        Some(&field.value)
    }

    fn status(&self) -> Status {
        let title = self.title.trim_start_matches('[');
        if self.color == RESOLVED_COLOUR || title.starts_with("RESOLVED") {
            Status::Resolved
        } else {
            Status::Firing
        }
    }

    /// A first line in bold is the summary, what follows the description.
    fn texts(&self, message_text: &str) -> Pairs {
        let text = unescaped(self.text.trim());
        let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
        let bold = first
            .strip_prefix('*')
            .and_then(|line| line.strip_suffix('*'));
        let (summary, description) = if let Some(summary) = bold {
            (summary.to_owned(), rest.trim().to_owned())
        } else {
            let headlines = [message_text, &self.fallback, &self.title];
            let headline = headlines.into_iter().find(|text| !text.is_empty());
            (unescaped(headline.unwrap_or(first)), text.clone())
        };
        [("summary", summary), ("description", description)]
            .into_iter()
            .filter(|(_, text)| !text.is_empty())
            .map(|(name, text)| (name.to_owned(), text))
            .collect()
    }
}

/// Lines of `name="value"`, the values quoted as JSON and Go quote texts.
fn labels(field: &str) -> Pairs {
    let field = unescaped(field);
    let pair = |line: &str| {
        let (name, value) = line.trim().split_once('=')?;
        let value = serde_json::from_str(value).unwrap_or_else(|_| value.to_owned());
        Some((name.to_owned(), value))
    };
    field.lines().filter_map(pair).collect()
}

/// Slack's three control characters arrive escaped.
fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
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
            Err(Refusal::InvalidPayload)
        );
    }

    #[test]
    fn reads_the_payload_of_a_form() {
        let read = |body: &str| read(body.as_bytes(), true);
        let all = read("payload=%7B%22text%22%3A%22Hello%22%7D").expect("accepted");
        assert_eq!(all[0].annotations["summary"], "Hello");
        assert_eq!(read("text=Hello"), Err(Refusal::InvalidPayload));
    }
}
