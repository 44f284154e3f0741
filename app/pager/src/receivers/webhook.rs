//! Alertmanager's webhook, version 4. The alert that fires always is not kept but counted as a heartbeat.

use serde::Deserialize;

use super::{Refusal, links, object};
use crate::notification::{Alert, HEARTBEAT_ALERT, Notification, Pairs, Receiver, Status};

/// The version that is understood: Alertmanager's only one since 0.16.
const VERSION: &str = "4";

#[derive(Deserialize)]
struct Version {
    version: String,
}

#[derive(Deserialize)]
struct Body {
    alerts: Vec<Sent>,
}

#[derive(Deserialize)]
struct Sent {
    #[serde(flatten)]
    alert: Alert,
    #[serde(default, rename = "generatorURL")]
    generator_url: String,
    #[serde(default)]
    fingerprint: String,
}

#[derive(Debug, PartialEq, Eq, Default)]
pub(crate) struct Delivery {
    /// The annotations of the heartbeat, if it is among the alerts.
    pub(crate) heartbeat: Option<Pairs>,
    pub(crate) notifications: Vec<Notification>,
}

/// Reads a body: one notification for each alert that is not the heartbeat.
///
/// # Errors
/// It is no webhook of Alertmanager, or one of another version.
pub(crate) fn read(body: &[u8]) -> Result<Delivery, Refusal> {
    let invalid = |_| Refusal::InvalidPayload;
    // By itself: the rest of another version may look different.
    let Version { version } = object(body).map_err(invalid)?;
    if version != VERSION {
        return Err(Refusal::UnsupportedVersion);
    }
    let body: Body = object(body).map_err(invalid)?;
    let mut delivery = Delivery::default();
    for sent in body.alerts {
        let key = Some(sent.fingerprint).filter(|key| !key.is_empty());
        let mut notification = Notification::of(Receiver::Webhook, sent.alert, key);
        if notification.alertname == HEARTBEAT_ALERT && notification.status == Status::Firing {
            delivery.heartbeat = Some(notification.annotations);
            continue;
        }
        let prometheus = links([("prometheus", sent.generator_url.as_str())]);
        notification.annotations.extend(prometheus);
        delivery.notifications.push(notification);
    }
    Ok(delivery)
}
