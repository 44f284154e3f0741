//! What one look at the servers shows, and what is remembered of an alert in Alertmanager. What follows from many looks:
//! [`evidence`](super::evidence).

use std::collections::BTreeMap;

use super::sources::UnixSeconds;
use super::sources::alertmanager::{HeldAlert, Requests};
use super::sources::pager::Notification;
use super::sources::prometheus::{AlertSeries, Rule};

/// One look at the servers; what had no answer is empty.
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// When.
    pub at: UnixSeconds,
    /// Samples of `ALERTS` since the drill began.
    pub series: Option<Vec<AlertSeries>>,
    /// The rules of the drill's alerts, by name.
    pub rules: BTreeMap<&'static str, Vec<Rule>>,
    /// What Alertmanager holds.
    pub held: Option<Vec<HeldAlert>>,
    /// What it has sent.
    pub requests: Option<BTreeMap<String, Requests>>,
    /// What has reached people since the drill began.
    pub notifications: Option<Vec<Notification>>,
    /// Servers that gave no usable answer, one line each.
    pub troubles: Vec<String>,
}

/// An alert as it was first seen in Alertmanager.
#[derive(Clone, Debug, PartialEq)]
pub struct Sighting {
    /// At which look.
    pub at: UnixSeconds,
    /// For which receivers.
    pub receivers: Vec<String>,
}

/// What holds an alert back.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldBack {
    /// At which look it was first held back.
    pub at: UnixSeconds,
    /// Identifiers of silences.
    pub silences: Vec<String>,
    /// Names of alerts.
    pub inhibitors: Vec<String>,
}
