//! Slack incoming webhooks: a JSON body, or a form whose `payload` is one, with a text, attachments or blocks.
//!
//! Slack shows texts. The alerts are where our Alertmanager configuration puts them: in a field `Labels` and the attachment's
//! text; links are its buttons. A message of somebody else has fewer of them.

use serde::Deserialize;
use serde_json::Value;

use super::texts::AlertList;
use super::{Refusal, links, object};
use crate::notification::{Notification, Receiver, Status};

/// Slack refuses more.
const MAX_ATTACHMENTS: usize = 100;
/// Slack refuses more, in a message or in one of its attachments.
const MAX_BLOCKS: usize = 50;
/// Characters that a block's text may have; a header has fewer, and each field of a section.
const MAX_BLOCK_TEXT: usize = 3_000;
const MAX_HEADER: usize = 150;
const MAX_BLOCK_FIELDS: usize = 10;
const MAX_BLOCK_FIELD: usize = 2_000;
/// Characters of a message's text, and of an attachment's. Slack cuts what is longer.
const SHOWN_TEXT: usize = 40_000;
const SHOWN_ATTACHMENT: usize = 8_000;
/// Slack's name for green, which Alertmanager's own template and ours give to what is over.
const RESOLVED_COLOUR: &str = "good";

#[derive(Deserialize, Default)]
#[serde(default)]
struct Message {
    text: String,
    attachments: Vec<Attachment>,
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
    blocks: Vec<Value>,
}

/// Any value will do: numbers are shown as they are.
#[derive(Deserialize)]
struct Field {
    #[serde(default)]
    title: Value,
    #[serde(default)]
    value: Value,
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
/// It is no message, one without anything to show, or one with more than Slack takes.
pub(crate) fn read(body: &[u8], is_form: bool) -> Result<Vec<Notification>, Refusal> {
    let message: Message = if is_form {
        let mut fields = form_urlencoded::parse(body);
        let payload = fields.find(|(name, _)| name == "payload");
        object(payload.ok_or(Refusal::InvalidPayload)?.1.as_bytes())
    } else {
        object(body)
    }
    .map_err(|_| Refusal::InvalidPayload)?;
    if message.attachments.len() > MAX_ATTACHMENTS {
        return Err(Refusal::TooManyAttachments);
    }
    let mut attached = message.attachments.iter().map(|one| &one.blocks);
    if !(valid(&message.blocks) && attached.all(|blocks| valid(blocks))) {
        return Err(Refusal::InvalidBlocks);
    }
    if !message.attachments.is_empty() {
        let notification = |attachment: &Attachment| attachment.notification(&message.text);
        return Ok(message.attachments.iter().map(notification).collect());
    }
    let text = if message.text.trim().is_empty() {
        message.blocks.iter().find_map(block_text)
    } else {
        Some(message.text.as_str())
    };
    if text.is_none() && message.blocks.is_empty() {
        return Err(Refusal::NoText);
    }
    let attachment = Attachment {
        text: start(text.unwrap_or_default(), SHOWN_TEXT).to_owned(),
        ..Attachment::default()
    };
    Ok(vec![attachment.notification("")])
}

/// Whether there are not too many blocks, nor too long ones.
fn valid(blocks: &[Value]) -> bool {
    let fits =
        |text: Option<&str>, most: usize| text.is_none_or(|text| text.chars().count() <= most);
    blocks.len() <= MAX_BLOCKS
        && blocks.iter().all(|block| {
            let fields = block["fields"].as_array().map_or(&[][..], Vec::as_slice);
            let most = if block["type"] == "header" {
                MAX_HEADER
            } else {
                MAX_BLOCK_TEXT
            };
            fits(block_text(block), most)
                && fields.len() <= MAX_BLOCK_FIELDS
                && fields
                    .iter()
                    .all(|field| fits(field["text"].as_str(), MAX_BLOCK_FIELD))
        })
}

/// The text of a section or header block.
fn block_text(block: &Value) -> Option<&str> {
    block["text"]["text"].as_str()
}

impl Attachment {
    fn notification(&self, message_text: &str) -> Notification {
        let buttons = self.actions.iter();
        let links = links(buttons.map(|button| (button.text.as_str(), button.url.as_str())));
        let text = shown(start(&self.text, SHOWN_ATTACHMENT));
        let list = AlertList::read(&shown(self.field("Labels")), &text, &links);
        let label = |name: &str| list.labels.get(name).cloned().unwrap_or_default();
        let (mut alertname, severity) = (label("alertname"), label("severity"));
        // Where the title has the name too, that is what people read.
        if let (false, Some((_, name))) = (alertname.is_empty(), self.title.split_once("] ")) {
            alertname = shown(name);
        }
        let mut annotations = list.annotations;
        annotations.extend(links);
        for (name, text) in self.texts(message_text, &text, list.alerts.is_empty()) {
            annotations.entry(name.to_owned()).or_insert(text);
        }
        Notification {
            receiver: Receiver::Slack,
            alertname,
            status: self.status(),
            severity,
            labels: list.labels,
            annotations,
            alerts: list.alerts,
            more: list.more,
            // Our template names the alert group there; Slack itself has no such key.
            dedup_key: Some(self.callback_id.clone()).filter(|key| !key.is_empty()),
        }
    }

    fn field(&self, title: &str) -> &str {
        let field = self.fields.iter().find(|field| field.title == title);
        let text = field.and_then(|field| field.value.as_str());
        text.unwrap_or_default()
    }

    fn status(&self) -> Status {
        let title = self.title.trim_start_matches('[');
        if self.color == RESOLVED_COLOUR || title.starts_with("RESOLVED") {
            Status::Resolved
        } else {
            Status::Firing
        }
    }

    /// The headline is the summary, and the text, unless it is about alerts that are listed one by one, the description.
    fn texts(
        &self,
        message_text: &str,
        text: &str,
        is_description: bool,
    ) -> Vec<(&'static str, String)> {
        let headlines = [message_text, &self.fallback, &self.title];
        let headline = headlines.into_iter().find(|text| !text.is_empty());
        let text = if is_description { text.trim() } else { "" };
        let (summary, description) = if let Some(headline) = headline {
            (shown(headline), text)
        } else {
            let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
            (first.to_owned(), rest.trim())
        };
        [
            ("summary", summary),
            ("description", description.to_owned()),
        ]
        .into_iter()
        .filter(|(_, text)| !text.is_empty())
        .collect()
    }
}

/// As much of a text as is shown.
fn start(text: &str, characters: usize) -> &str {
    let end = text.char_indices().nth(characters);
    end.map_or(text, |(end, _)| &text[..end])
}

/// A text as Slack shows it: what stands between `<` and `>` is a mention or a link, unless they are escaped.
fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, (inside, after))) = rest
        .split_once('<')
        .and_then(|(before, after)| Some((before, after.split_once('>')?)))
    {
        shown.push_str(before);
        let label = inside.rsplit('|').next().unwrap_or_default();
        shown.push_str(&label.replacen('!', "@", 1));
        rest = after;
    }
    shown.push_str(rest);
    shown
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}
