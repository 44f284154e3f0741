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
use serde::{Deserialize, Deserializer};

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

/// Reads a JSON object. An array would do for a struct as well.
fn object<T: DeserializeOwned>(body: &[u8]) -> serde_json::Result<T> {
    if body.trim_ascii_start().starts_with(b"{") {
        serde_json::from_slice(body)
    } else {
        Err(serde::de::Error::custom("not an object"))
    }
}

/// `null` is what a field that is absent is.
fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
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
