//! pager: what has reached people, whether the heartbeat arrives, and whether it pretends to be out of order.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Source, UnixSeconds, Unusable, unix_seconds};
use crate::drill::matchers::Labels;

/// Asks pager.
#[derive(Clone, Debug)]
pub struct Pager(pub Source);

/// What has reached people.
#[derive(Clone, Debug, Default)]
pub struct Notification {
    /// When it arrived.
    pub received_at: UnixSeconds,
    /// Through which integration: `slack`, `pagerduty`, `webhook`, or from the `dead-mans-switch`.
    pub receiver: String,
    /// The alert it is about.
    pub alertname: String,
    /// Whether it says that the alert began, not that it ended.
    pub is_firing: bool,
    /// The labels that the message has of it.
    pub labels: Labels,
}

/// The dead man's switch.
#[derive(Clone, Debug, Deserialize)]
pub struct Heartbeat {
    /// `waiting` (none yet), `beating` or `silent`.
    pub state: String,
    /// How long without a beat raises the alarm.
    pub alarm_after_seconds: f64,
}

#[derive(Deserialize)]
struct Item {
    received_at: String,
    receiver: String,
    alertname: String,
    status: String,
    #[serde(default)]
    labels: Labels,
}

impl Pager {
    /// What has arrived since then, oldest first.
    ///
    /// # Errors
    /// No usable answer.
    pub async fn notifications(&self, since: UnixSeconds) -> Result<Vec<Notification>, Unusable> {
        let items: Vec<Item> = self
            .0
            .json(&format!("/notifications?since={since:.3}"))
            .await?;
        let notifications = items.into_iter().filter_map(|item| {
            Some(Notification {
                received_at: unix_seconds(&item.received_at)?,
                receiver: item.receiver,
                alertname: item.alertname,
                is_firing: item.status == "firing",
                labels: item.labels,
            })
        });
        Ok(notifications.collect())
    }

    /// Whether the heartbeat arrives.
    ///
    /// # Errors
    /// No usable answer.
    pub async fn heartbeat(&self) -> Result<Heartbeat, Unusable> {
        self.0.json("/heartbeat").await
    }

    /// Endpoints that were told to fail.
    ///
    /// # Errors
    /// No usable answer.
    pub async fn outages(&self) -> Result<Vec<String>, Unusable> {
        let switches: BTreeMap<String, bool> = self.0.json("/outage").await?;
        let on = switches.into_iter().filter(|(_, is_on)| *is_on);
        Ok(on.map(|(endpoint, _)| endpoint).collect())
    }
}
