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
        return Err(Refusal::TooManyAttachments);
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
            match headline {
                Some(headline) => (unescaped(headline), text.clone()),
                None => (first.to_owned(), rest.trim().to_owned()),
            }
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
mod tests;
