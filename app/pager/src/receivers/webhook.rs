//! Alertmanager's webhook, version 4. The alert that fires always is not kept but counted as a heartbeat.

use serde::Deserialize;

use super::{Refusal, add_links, object, or_default};
use crate::notification::{Alert as Told, HEARTBEAT_ALERT, Notification, Pairs, Receiver, Status};

/// The version that is understood: Alertmanager's only one since 0.16.
const VERSION: &str = "4";

#[derive(Deserialize)]
struct Version {
    version: String,
}

#[derive(Deserialize)]
struct Body {
    alerts: Vec<Alert>,
}

#[derive(Deserialize)]
struct Alert {
    status: String,
    labels: Pairs,
    #[serde(default, deserialize_with = "or_default")]
    annotations: Pairs,
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

/// Reads a body.
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
    for alert in body.alerts {
        let status = match alert.status.as_str() {
            "firing" => Status::Firing,
            "resolved" => Status::Resolved,
            _ => return Err(Refusal::InvalidPayload),
        };
        let alertname = alert.labels.get("alertname").cloned().unwrap_or_default();
        let mut annotations = alert.annotations;
        if alertname == HEARTBEAT_ALERT && status == Status::Firing {
            delivery.heartbeat = Some(annotations);
            continue;
        }
        let told = Told {
            status,
            labels: alert.labels.clone(),
            annotations: annotations.clone(),
        };
        add_links(
            &mut annotations,
            [("prometheus", alert.generator_url.as_str())].into_iter(),
        );
        delivery.notifications.push(Notification {
            receiver: Receiver::Webhook,
            alertname,
            status,
            severity: alert.labels.get("severity").cloned().unwrap_or_default(),
            labels: alert.labels,
            annotations,
            alerts: vec![told],
            more: 0,
            dedup_key: Some(alert.fingerprint).filter(|key| !key.is_empty()),
        });
    }
    Ok(delivery)
}
