//! Alertmanager's webhook, version 4. The alert that fires always is not kept but counted as a heartbeat.

use serde::Deserialize;

use super::{Refusal, add_links, object, or_default};
use crate::deadman::HEARTBEAT_ALERT;
use crate::notification::{Alert as Told, Notification, Pairs, Receiver, Status};

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

/// What a body holds.
#[derive(Debug, PartialEq, Eq, Default)]
pub struct Delivery {
    /// The annotations of the heartbeat, if it is among the alerts.
    pub heartbeat: Option<Pairs>,
    /// One for each other alert.
    pub notifications: Vec<Notification>,
}

/// Reads a body.
///
/// # Errors
/// It is no webhook of Alertmanager, or one of another version.
pub fn read(body: &[u8]) -> Result<Delivery, Refusal> {
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read_json(body: &Value) -> Result<Delivery, Refusal> {
        read(body.to_string().as_bytes())
    }

    fn alert(alertname: &str, status: &str) -> Value {
        json!({
            "status": status, "labels": {"alertname": alertname, "severity": "warning"},
            "annotations": {"summary": "so it is"}, "startsAt": "2026-01-01T00:00:00Z", "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://prometheus/graph", "fingerprint": "abc",
        })
    }

    #[test]
    fn a_firing_watchdog_is_a_heartbeat_and_everything_else_a_notification() {
        let alerts = [
            alert("Watchdog", "firing"),
            alert("HighLatency", "firing"),
            alert("Watchdog", "resolved"),
        ];
        let delivery = read_json(&json!({"version": "4", "alerts": alerts})).expect("accepted");
        let heartbeat = delivery.heartbeat.expect("among the alerts");
        assert_eq!(heartbeat["summary"], "so it is");
        let all: Vec<_> = delivery
            .notifications
            .iter()
            .map(|n| (n.alertname.as_str(), n.status))
            .collect();
        assert_eq!(
            all,
            [
                ("HighLatency", Status::Firing),
                ("Watchdog", Status::Resolved)
            ]
        );
        let first = &delivery.notifications[0];
        assert_eq!(
            first.annotations["prometheus_url"],
            "http://prometheus/graph"
        );
        assert_eq!(
            (first.severity.as_str(), first.dedup_key.as_deref()),
            ("warning", Some("abc"))
        );
    }

    #[test]
    fn annotations_may_be_null() {
        let mut alert = alert("HighLatency", "firing");
        alert["annotations"] = Value::Null;
        let delivery = read_json(&json!({"version": "4", "alerts": [alert]})).expect("accepted");
        assert_eq!(
            delivery.notifications[0].alerts[0].annotations,
            Pairs::new()
        );
    }

    #[test]
    fn refuses_other_versions_and_other_bodies() {
        let refused = |body: Value| read_json(&body).expect_err("refused");
        assert_eq!(
            refused(json!({"version": "3", "alert": []})),
            Refusal::UnsupportedVersion
        );
        assert_eq!(
            refused(json!({"version": 4, "alerts": []})),
            Refusal::InvalidPayload
        );
        assert_eq!(refused(json!({"alerts": []})), Refusal::InvalidPayload);
        assert_eq!(refused(json!({"version": "4"})), Refusal::InvalidPayload);
        assert_eq!(
            refused(json!({"version": "4", "alerts": [{"status": "firing"}]})),
            Refusal::InvalidPayload
        );
        let odd = json!({"version": "4", "alerts": [alert("A", "suppressed")]});
        assert_eq!(refused(odd), Refusal::InvalidPayload);
    }
}
