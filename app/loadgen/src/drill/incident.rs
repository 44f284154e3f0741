//! The incident that a drill opens in `PagerDuty`, from pager's records. Pure: one incident has one key, and is over once.

use super::definition::{Drill, End};
use super::sources::UnixSeconds;
use super::sources::pager::{Notification, Said};

/// The integration whose incidents are counted.
pub const PAGERDUTY: &str = "pagerduty";

/// What became of the incident that a drill opened.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Incident {
    /// What ties its messages together.
    pub key: Option<String>,
    /// When it was over.
    pub ended_at: Option<UnixSeconds>,
    /// Why it was not one.
    pub fault: Option<String>,
}

impl Drill {
    /// Whether it wakes somebody.
    pub fn pages(&self) -> bool {
        self.proofs
            .iter()
            .any(|proof| proof.end == End::Delivered(PAGERDUTY))
    }

    /// Whether an alert of this name may be part of its incident.
    fn concerns(&self, labels: &super::matchers::Labels) -> bool {
        let name = labels.get("alertname").map_or("", String::as_str);
        labels.contains_key("slo")
            || self.companions.contains(&name)
            || self.proofs.iter().any(|proof| proof.alert == name)
    }
}

impl Incident {
    /// The incident that the drill's first page opened, and what came after it.
    pub fn of(drill: &Drill, records: &[Notification]) -> Self {
        let pages = |one: &Notification| {
            one.receiver == PAGERDUTY
                && drill
                    .proofs
                    .iter()
                    .any(|proof| one.says(proof.alert, proof.labels) == Said::Firing)
        };
        let mut incident = Self::default();
        let Some(first) = records.iter().position(pages) else {
            return incident;
        };
        let is_part = |one: &&Notification| {
            one.receiver == PAGERDUTY
                && (one.alerts.iter().any(|alert| drill.concerns(&alert.labels))
                    || drill
                        .proofs
                        .iter()
                        .any(|proof| proof.alert == one.alertname))
        };
        incident.key.clone_from(&records[first].dedup_key);
        for one in records[first..].iter().filter(is_part) {
            let told = match (&incident.ended_at, one.is_firing) {
                _ if one.dedup_key != incident.key => Some(format!(
                    "a second one was opened for {}: {}, after {}",
                    one.alertname,
                    key(one.dedup_key.as_ref()),
                    key(incident.key.as_ref())
                )),
                (Some(ended), true) => Some(format!(
                    "{} paged again {:.0} s after its end had been told",
                    one.alertname,
                    one.received_at - ended
                )),
                (Some(_), false) => Some("its end was told twice".into()),
                (None, true) => None,
                (None, false) => {
                    incident.ended_at = Some(one.received_at);
                    None
                }
            };
            incident.fault = incident.fault.or(told);
        }
        incident
    }
}

fn key(key: Option<&String>) -> &str {
    key.map_or("no key", String::as_str)
}
