//! What a notification is, whoever sent it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::moment::Moment;

/// The alert that always fires: its arrival is the heartbeat.
pub(crate) const HEARTBEAT_ALERT: &str = "Watchdog";

pub(crate) type Pairs = BTreeMap<String, String>;

/// The way it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Receiver {
    Slack,
    Pagerduty,
    Webhook,
    /// Nobody sent it: it is our own alarm that the heartbeat has stopped.
    DeadMansSwitch,
}

impl Receiver {
    pub(crate) const ALL: [Self; 4] = [
        Self::Slack,
        Self::Pagerduty,
        Self::Webhook,
        Self::DeadMansSwitch,
    ];

    /// Its name, in JSON, paths and labels.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Slack => "slack",
            Self::Pagerduty => "pagerduty",
            Self::Webhook => "webhook",
            Self::DeadMansSwitch => "dead-mans-switch",
        }
    }
}

/// Whether something is wrong or over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    Firing,
    Resolved,
}

impl Status {
    pub(crate) const ALL: [Self; 2] = [Self::Firing, Self::Resolved];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Resolved => "resolved",
        }
    }
}

/// Bytes that a pair takes beside its texts: two strings of 24 bytes, two allocations, its part of a tree's node.
const PAIR_OVERHEAD: usize = 100;
/// Bytes that an entry takes beside its texts and pairs.
const ENTRY_OVERHEAD: usize = 500;

/// One of the alerts that a message is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Alert {
    pub(crate) status: Status,
    pub(crate) labels: Pairs,
    #[serde(default)]
    pub(crate) annotations: Pairs,
}

/// What was sent. Texts that a message does not have are empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Notification {
    pub(crate) receiver: Receiver,
    /// The alert's name; of several different ones, what the message says in its place.
    pub(crate) alertname: String,
    /// A message fires while one of its alerts does.
    pub(crate) status: Status,
    /// `critical`, `warning` or whatever else the sender uses.
    pub(crate) severity: String,
    /// The labels that all alerts of the message have in common.
    pub(crate) labels: Pairs,
    /// The annotations that they have in common; and the links of the message, each as `<what>_url`.
    pub(crate) annotations: Pairs,
    /// The alerts, as far as the message shows them. None if it does not say.
    pub(crate) alerts: Vec<Alert>,
    /// How many more there are.
    pub(crate) more: usize,
    /// What ties the resolved message to the firing one, where the sender says it.
    pub(crate) dedup_key: Option<String>,
}

impl Notification {
    /// About this alert alone.
    pub(crate) fn of(receiver: Receiver, alert: Alert, dedup_key: Option<String>) -> Self {
        let label = |name: &str| alert.labels.get(name).cloned().unwrap_or_default();
        Self {
            receiver,
            alertname: label("alertname"),
            status: alert.status,
            severity: label("severity"),
            labels: alert.labels.clone(),
            annotations: alert.annotations.clone(),
            alerts: vec![alert],
            more: 0,
            dedup_key,
        }
    }

    /// Whether it is about an alert of this name, among others.
    pub(crate) fn concerns(&self, alertname: &str) -> bool {
        let mut alerts = self.alerts.iter();
        self.alertname == alertname
            || alerts.any(|alert| alert.labels.get("alertname").is_some_and(|own| own == alertname))
            // Of those that it does not show, it has the names.
            || self.alertname.split(", ").any(|name| name == alertname)
    }

    /// Roughly the bytes it takes to keep: its texts, and what a map and an allocator add to each of them.
    pub(crate) fn size(&self) -> usize {
        let pairs = |pairs: &Pairs| -> usize {
            pairs
                .iter()
                .map(|(name, value)| name.len() + value.len() + PAIR_OVERHEAD)
                .sum()
        };
        let alerts = self.alerts.iter();
        ENTRY_OVERHEAD
            + alerts
                .map(|alert| PAIR_OVERHEAD + pairs(&alert.labels) + pairs(&alert.annotations))
                .sum::<usize>()
            + self.alertname.len()
            + self.severity.len()
            + pairs(&self.labels)
            + pairs(&self.annotations)
            + self.dedup_key.as_ref().map_or(0, String::len)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Entry {
    /// Rises by one with every notification.
    pub(crate) id: u64,
    pub(crate) received_at: Moment,
    #[serde(flatten)]
    pub(crate) notification: Notification,
}
