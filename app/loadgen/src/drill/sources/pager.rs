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
    /// The alert it is about; of several, what the message says in its place.
    pub alertname: String,
    /// Whether one of its alerts fires.
    pub is_firing: bool,
    /// The labels that its alerts have in common.
    pub labels: Labels,
    /// The alerts, as far as the message lists them; none where pager doesn't say.
    pub alerts: Vec<ListedAlert>,
    /// How many more there are.
    pub more: u64,
    /// What ties the messages of a group together, where the receiver has such a key.
    pub dedup_key: Option<String>,
}

/// An alert in a message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListedAlert {
    /// Its labels.
    pub labels: Labels,
    /// Whether it fires.
    pub is_firing: bool,
}

/// How an alert stands in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// It fires.
    Firing,
    /// It is over.
    Resolved,
    /// It is not among those that are listed, and the list is complete.
    Absent,
    /// The message doesn't say.
    Unknown,
}

impl Notification {
    /// What it says of an alert with this name and these labels. A label that a message doesn't write contradicts nothing.
    pub fn says(&self, name: &str, labels: &[(&str, &str)]) -> Said {
        let agrees = |found: &Labels| {
            let agrees =
                |(label, value): &(&str, &str)| found.get(*label).is_none_or(|own| own == value);
            labels.iter().all(agrees)
        };
        if self.alerts.is_empty() {
            return match self.alertname == name && agrees(&self.labels) {
                true if self.is_firing => Said::Firing,
                true => Said::Resolved,
                false => Said::Unknown,
            };
        }
        let is_it = |alert: &&ListedAlert| {
            alert.labels.get("alertname").is_some_and(|own| own == name) && agrees(&alert.labels)
        };
        let found: Vec<_> = self.alerts.iter().filter(is_it).collect();
        match found.as_slice() {
            [] if self.more > 0 => Said::Unknown,
            [] => Said::Absent,
            all if all.iter().any(|alert| alert.is_firing) => Said::Firing,
            _ => Said::Resolved,
        }
    }

    /// Whether it belongs to the same group as another.
    pub fn is_of_group(&self, other: &Self) -> bool {
        self.receiver == other.receiver
            && match (&self.dedup_key, &other.dedup_key) {
                (Some(own), Some(theirs)) => own == theirs,
                _ => self.alertname == other.alertname,
            }
    }
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
    #[serde(default)]
    alerts: Vec<ItemAlert>,
    #[serde(default)]
    more: u64,
    dedup_key: Option<String>,
}

#[derive(Deserialize)]
struct ItemAlert {
    status: String,
    #[serde(default)]
    alertname: Option<String>,
    #[serde(default)]
    labels: Labels,
}

impl From<ItemAlert> for ListedAlert {
    fn from(item: ItemAlert) -> Self {
        let mut labels = item.labels;
        if let Some(name) = item.alertname {
            labels.entry("alertname".into()).or_insert(name);
        }
        Self {
            labels,
            is_firing: item.status == "firing",
        }
    }
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
                alerts: item.alerts.into_iter().map(Into::into).collect(),
                more: item.more,
                dedup_key: item.dedup_key,
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
