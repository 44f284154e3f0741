//! The imitated APIs: what a body must be to be accepted, and what notification it makes.
//!
//! - [`slack`]: incoming webhooks
//! - [`pagerduty`]: the Events API v2
//! - [`webhook`]: Alertmanager's webhook
//!
//! How the answers look over HTTP: [`crate::http`].

pub mod pagerduty;
pub mod slack;
pub mod webhook;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::notification::Pairs;

/// Why something was refused; a label of the metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The body is not what the API defines.
    InvalidPayload,
    /// A Slack message without anything to show.
    NoText,
    /// A Slack message with more attachments than Slack takes.
    TooManyAttachments,
    /// A wrong path: at Slack, the path is the secret.
    NoTeam,
    /// A `PagerDuty` event with another key than ours.
    InvalidRoutingKey,
    /// An Alertmanager webhook of another version than 4.
    UnsupportedVersion,
    /// A body over the limit.
    PayloadTooLarge,
    /// An outage on purpose.
    Outage,
}

impl Refusal {
    /// Its name, in labels.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidPayload => "invalid_payload",
            Self::NoText => "no_text",
            Self::TooManyAttachments => "too_many_attachments",
            Self::NoTeam => "no_team",
            Self::InvalidRoutingKey => "invalid_routing_key",
            Self::UnsupportedVersion => "unsupported_version",
            Self::PayloadTooLarge => "payload_too_large",
            Self::Outage => "outage",
        }
    }
}

/// Reads a JSON object. Read directly, an array would do for a struct as well.
fn object<T: DeserializeOwned>(body: &[u8]) -> serde_json::Result<T> {
    let object: Map<String, Value> = serde_json::from_slice(body)?;
    serde_json::from_value(Value::Object(object))
}

/// The texts of a JSON object; numbers and the like as JSON writes them.
fn pairs(object: &Map<String, Value>) -> Pairs {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    object
        .iter()
        .map(|(name, value)| (name.clone(), text(value)))
        .collect()
}

/// Adds the links of a message as `<what>_url`. They replace annotations of that name: they are what a person follows.
fn add_links<'a>(annotations: &mut Pairs, links: impl Iterator<Item = (&'a str, &'a str)>) {
    for (what, url) in links {
        let what: String = what
            .chars()
            .map(|c| {
                if c.is_alphanumeric() {
                    c.to_ascii_lowercase()
                } else {
                    '_'
                }
            })
            .collect();
        if !what.is_empty() && !url.is_empty() {
            annotations.insert(format!("{what}_url"), url.to_owned());
        }
    }
}
