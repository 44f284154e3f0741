//! The `PagerDuty` Events API v2: trigger, acknowledge and resolve, tied together by the `dedup_key`.
//!
//! The alerts are where our Alertmanager configuration puts them: in the custom details `labels`, `firing` and `resolved`.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::texts::AlertList;
use super::{Refusal, links, object};
use crate::config::RoutingKey;
use crate::notification::{Notification, Receiver, Status};

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// Something is wrong, or over. Boxed: it is much larger than the other.
    Notified(Box<Notification>),
    Acknowledged {
        dedup_key: String,
    },
}

/// Why an event is refused, with the words for the answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct InvalidEvent {
    pub(crate) refusal: Refusal,
    pub(crate) errors: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Body {
    routing_key: Option<Value>,
    event_action: Option<Value>,
    dedup_key: Option<Value>,
    payload: Map<String, Value>,
    links: Vec<Link>,
}

#[derive(Deserialize)]
struct Link {
    href: String,
    #[serde(default)]
    text: String,
}

/// Characters that a summary may have.
const MAX_SUMMARY: usize = 1_024;

const SEVERITIES: [&str; 4] = ["critical", "warning", "error", "info"];

/// Reads an event. One that triggers and has no key is given `new_key`.
///
/// # Errors
/// Its fields are not what the API asks for, or its routing key is not ours.
pub(crate) fn read(
    body: &[u8],
    routing_key: &RoutingKey,
    new_key: impl FnOnce() -> String,
) -> Result<Event, InvalidEvent> {
    let body: Body = object(body).map_err(|failure| InvalidEvent {
        refusal: Refusal::InvalidPayload,
        errors: vec![format!("Invalid JSON: {failure}")],
    })?;
    let text = |value: &Option<Value>| -> String {
        let text = value.as_ref().and_then(Value::as_str);
        text.unwrap_or_default().trim().to_owned()
    };
    let (key, action, dedup_key) = (
        text(&body.routing_key),
        text(&body.event_action),
        text(&body.dedup_key),
    );

    let errors = body.errors(&key, &action, &dedup_key);
    if !errors.is_empty() {
        return Err(InvalidEvent {
            refusal: Refusal::InvalidPayload,
            errors,
        });
    }
    if !routing_key.admits(&key) {
        return Err(InvalidEvent {
            refusal: Refusal::InvalidRoutingKey,
            errors: vec!["Invalid routing key".to_owned()],
        });
    }
    let status = match action.as_str() {
        "acknowledge" => return Ok(Event::Acknowledged { dedup_key }),
        "resolve" => Status::Resolved,
        _ => Status::Firing,
    };
    let dedup_key = if dedup_key.is_empty() {
        new_key()
    } else {
        dedup_key
    };
    Ok(Event::Notified(Box::new(
        body.notification(status, dedup_key),
    )))
}

impl Body {
    fn errors(&self, key: &str, action: &str, dedup_key: &str) -> Vec<String> {
        let mut errors = Vec::new();
        let mut require = |valid: bool, error: &str| {
            if !valid {
                errors.push(error.to_owned());
            }
        };
        if key.is_empty() {
            require(false, "'routing_key' is missing or blank");
        } else {
            require(
                key.len() == RoutingKey::LENGTH,
                "Length of 'routing_key' is incorrect (should be 32 characters)",
            );
        }
        match action {
            "" => require(false, "'event_action' is missing or blank"),
            "trigger" => {
                for field in ["summary", "source", "severity"] {
                    let error = format!("'payload.{field}' is missing or blank");
                    require(!self.payload(field).is_empty(), &error);
                }
                require(
                    self.payload("summary").chars().count() <= MAX_SUMMARY,
                    "Length of 'payload.summary' is incorrect (should be at most 1024 characters)",
                );
                let severity = self.payload("severity");
                require(
                    severity.is_empty() || SEVERITIES.contains(&severity),
                    "'payload.severity' is invalid (must be one of the following: 'critical', 'warning', 'error' or 'info')",
                );
            }
            "acknowledge" | "resolve" => {
                require(!dedup_key.is_empty(), "'dedup_key' is missing or blank");
            }
            _ => require(
                false,
                "'event_action' is invalid (must be one of the following: 'trigger', 'acknowledge' or 'resolve')",
            ),
        }
        require(
            dedup_key.chars().count() <= 255,
            "Length of 'dedup_key' is incorrect (should be at most 255 characters)",
        );
        errors
    }

    fn payload(&self, field: &str) -> &str {
        let text = self.payload.get(field).and_then(Value::as_str);
        text.unwrap_or_default().trim()
    }

    fn notification(&self, status: Status, dedup_key: String) -> Notification {
        let detail = |name: &str| {
            let details = self.payload.get("custom_details");
            let detail = details.and_then(|details| details.get(name)?.as_str());
            detail.unwrap_or_default()
        };
        let sent = self.links.iter();
        let links = links(sent.map(|link| (link.text.as_str(), link.href.as_str())));
        let alerts = [detail("firing"), detail("resolved")].join("\n");
        let list = AlertList::read(detail("labels"), &alerts, &links);
        let label_or = |name: &str, field: &str| {
            let label = list.labels.get(name).cloned();
            label.unwrap_or_else(|| self.payload(field).to_owned())
        };
        let (alertname, severity) = (
            label_or("alertname", "class"),
            label_or("severity", "severity"),
        );
        let mut annotations = list.annotations;
        annotations.extend(links);
        let summary = self.payload("summary");
        if !summary.is_empty() {
            annotations
                .entry("summary".to_owned())
                .or_insert_with(|| summary.to_owned());
        }
        Notification {
            receiver: Receiver::Pagerduty,
            alertname,
            status,
            severity,
            labels: list.labels,
            annotations,
            alerts: list.alerts,
            more: list.more,
            dedup_key: Some(dedup_key),
        }
    }
}
