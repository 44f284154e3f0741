//! The imitated APIs: what a body must be to be accepted, and what notification it makes.
//!
//! - [`slack`]: incoming webhooks
//! - [`pagerduty`]: the Events API v2
//! - [`webhook`]: Alertmanager's webhook
//! - [`texts`]: what our Alertmanager configuration writes about alerts
//!
//! How the answers look over HTTP: [`crate::http`].

pub(crate) mod pagerduty;
pub(crate) mod slack;
mod texts;
pub(crate) mod webhook;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::notification::Pairs;

/// Why something was refused; a label of the metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    InvalidPayload,
    /// There is nothing to show.
    NoText,
    TooManyAttachments,
    InvalidBlocks,
    /// A wrong path: at Slack, the path is the secret.
    NoTeam,
    InvalidRoutingKey,
    UnsupportedVersion,
    PayloadTooLarge,
    Outage,
}

impl Refusal {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::InvalidPayload => "invalid_payload",
            Self::NoText => "no_text",
            Self::TooManyAttachments => "too_many_attachments",
            Self::InvalidBlocks => "invalid_blocks",
            Self::NoTeam => "no_team",
            Self::InvalidRoutingKey => "invalid_routing_key",
            Self::UnsupportedVersion => "unsupported_version",
            Self::PayloadTooLarge => "payload_too_large",
            Self::Outage => "outage",
        }
    }
}

/// Reads a JSON object, in which a field that is null is absent.
fn object<T: DeserializeOwned>(body: &[u8]) -> serde_json::Result<T> {
    let fields: Map<String, Value> = serde_json::from_slice(body)?;
    T::deserialize(without_nulls(Value::Object(fields)))
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(mut fields) => {
            fields.retain(|_, value| !value.is_null());
            let fields = fields.into_iter();
            fields
                .map(|(name, value)| (name, without_nulls(value)))
                .collect()
        }
        Value::Array(items) => items.into_iter().map(without_nulls).collect(),
        other => other,
    }
}

/// The links of a message as annotations named `<what>_url`. They replace others of that name: they are what a person follows.
fn links<'a>(links: impl IntoIterator<Item = (&'a str, &'a str)>) -> Pairs {
    let links = links.into_iter();
    let links = links.filter(|(what, url)| !what.is_empty() && !url.is_empty());
    let name = |what: &str| {
        what.to_ascii_lowercase()
            .replace(|c: char| !c.is_alphanumeric(), "_")
    };
    links
        .map(|(what, url)| (format!("{}_url", name(what)), url.to_owned()))
        .collect()
}
