//! What was observed of one alert, drawn from looks at the three servers. Pure: no clock, no network.
//!
//! Moments come from raw samples and from pager's records, which say when a thing happened; only Alertmanager has no such
//! record, so that its moment is the look at which the alert was there.

use std::collections::BTreeMap;

use super::definition::{End, Proof};
use super::identity::{belongs, fellow, rule_of};
use super::known::{Background, Marks};
use super::look::{HeldBack, Look, Sighting};
use super::sources::UnixSeconds;
use super::sources::alertmanager::{HeldAlert, Requests};
use super::sources::pager::{Notification, Said};
use super::sources::prometheus::AlertSeries;

/// Evaluations that may be late or missed before two samples no longer belong to one stretch.
const GAP: f64 = 2.5;

/// What was observed of one alert.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// First moment of the stretch in which its expression was true, by replay; set from outside.
    pub true_at: Option<UnixSeconds>,
    /// First evaluation of the stretch that led to firing.
    pub pending_at: Option<UnixSeconds>,
    /// First evaluation at which it fired.
    pub firing_at: Option<UnixSeconds>,
    /// First evaluation at which it was over.
    pub over_at: Option<UnixSeconds>,
    /// Its first sighting in Alertmanager.
    pub sighting: Option<Sighting>,
    /// What holds it back before it has been delivered.
    pub held_back: Option<HeldBack>,
    /// When pager got it through the integration that it belongs to.
    pub notified_at: Option<UnixSeconds>,
    /// When pager got its end.
    pub end_notified_at: Option<UnixSeconds>,
    /// Another alert that keeps its group in Alertmanager alive: the group's messages say "firing" until that is over too.
    pub fellow: Option<String>,
    /// Whether its group was there when it came.
    pub has_joined: bool,
    /// Other integrations through which pager got it.
    pub elsewhere: Vec<String>,
    /// Requests through its integration since the drill began.
    pub requests: Requests,
}

impl Evidence {
    /// Adds what a look shows; `before` are the requests made before the drill.
    pub fn learn(
        &mut self,
        background: &Background,
        marks: &Marks,
        before: &BTreeMap<String, Requests>,
        look: &Look,
    ) {
        let proof = background.proof;
        let Some(cause) = marks.get(proof.cause).map(|cause| cause.earliest) else {
            return;
        };
        if let Some(series) = &look.series {
            self.learn_samples(background, cause, series, look);
        }
        if let Some(held) = &look.held {
            self.learn_held(background, held, look.at);
        }
        if let Some(notifications) = &look.notifications {
            self.learn_notifications(proof, cause, notifications);
        }
        if let (End::Delivered(receiver), Some(requests)) = (proof.end, &look.requests) {
            let now = requests.get(receiver).copied().unwrap_or_default();
            let then = before.get(receiver).copied().unwrap_or_default();
            // Counters below what they were have been reset by a restart.
            self.requests = if now.made < then.made {
                now
            } else {
                Requests {
                    made: now.made - then.made,
                    failed: now.failed - then.failed,
                }
            };
        }
    }

    fn learn_samples(
        &mut self,
        background: &Background,
        cause: UnixSeconds,
        series: &[AlertSeries],
        look: &Look,
    ) {
        let proof = background.proof;
        let times = |state: &str| {
            let mut times: Vec<_> = series
                .iter()
                .filter(|one| belongs(proof, &one.labels))
                .filter(|one| one.labels.get("alertstate").is_some_and(|own| own == state))
                .flat_map(|one| one.times.iter().copied())
                .filter(|time| *time >= cause)
                .collect();
            times.sort_by(f64::total_cmp);
            times
        };
        let (pending, firing) = (times("pending"), times("firing"));
        let gap = GAP * background.interval;
        self.firing_at = firing.first().copied();
        self.pending_at = self
            .firing_at
            .map_or_else(
                || {
                    pending
                        .last()
                        .and_then(|last| stretch_before(&pending, *last, gap))
                },
                |fired| stretch_before(&pending, fired, gap),
            )
            // Without a `for` it fires at once.
            .or(self.firing_at);
        let last = [pending.last(), firing.last()]
            .into_iter()
            .flatten()
            .copied()
            .reduce(f64::max);
        let rule = look
            .rules
            .get(proof.alert)
            .and_then(|rules| rule_of(proof, rules));
        let is_active =
            rule.is_none_or(|rule| rule.active.iter().any(|labels| belongs(proof, labels)));
        self.over_at = last
            .filter(|_| !is_active)
            .map(|last| last + background.interval);
    }

    fn learn_held(&mut self, background: &Background, held: &[HeldAlert], at: UnixSeconds) {
        let proof = background.proof;
        let is_seen = |alert: &&HeldAlert| {
            belongs(proof, &alert.labels) && alert.status.state != "unprocessed"
        };
        self.fellow = fellow(background, held);
        let Some(alert) = held.iter().find(is_seen) else {
            self.no_longer_held_back(proof);
            return;
        };
        if self.sighting.is_none() {
            self.has_joined = self.fellow.is_some();
            self.sighting = Some(Sighting {
                at,
                receivers: alert.receivers.iter().map(|r| r.name.clone()).collect(),
            });
        }
        if alert.status.state != "suppressed" {
            self.no_longer_held_back(proof);
        } else if self.held_back.is_none() && self.notified_at.is_none() {
            let name = |fingerprint: &String| {
                let inhibitor = held.iter().find(|other| other.fingerprint == *fingerprint);
                inhibitor
                    .and_then(|other| other.labels.get("alertname"))
                    .unwrap_or(fingerprint)
                    .clone()
            };
            self.held_back = Some(HeldBack {
                at,
                silences: alert.status.silences.clone(),
                inhibitors: alert.status.inhibitors.iter().map(name).collect(),
            });
        }
    }

    /// Where being held back is what has to be proven, it is remembered.
    fn no_longer_held_back(&mut self, proof: &Proof) {
        let is_proof = |held: &HeldBack| match proof.end {
            End::Inhibited { by } => held.inhibitors.iter().any(|name| name == by),
            _ => false,
        };
        self.held_back = self.held_back.take().filter(is_proof);
    }

    fn learn_notifications(
        &mut self,
        proof: &Proof,
        cause: UnixSeconds,
        notifications: &[Notification],
    ) {
        let wanted = match proof.end {
            End::Delivered(receiver) => receiver,
            End::FallsSilent => "dead-mans-switch",
            _ => return,
        };
        let said = |one: &Notification| one.says(proof.alert, proof.labels);
        let mine: Vec<_> = notifications
            .iter()
            .filter(|one| one.received_at >= cause)
            .collect();
        // A message of its group from before it fired is about another alert.
        let begun = match proof.end {
            End::FallsSilent => Some(cause),
            _ => self.firing_at,
        };
        let told = begun.and_then(|since| {
            let is_it = |one: &&&Notification| {
                one.receiver == wanted && one.received_at >= since && said(one) == Said::Firing
            };
            mine.iter().find(is_it).copied()
        });
        self.notified_at = told.map(|told| told.received_at);
        let ended = told.and_then(|told| {
            let later =
                |one: &&&Notification| one.received_at > told.received_at && one.is_of_group(told);
            let is_end = |one: &&Notification| match said(one) {
                Said::Resolved | Said::Absent => true,
                // Where pager lists no alerts, a message of a group that goes on is the end of one that is over.
                Said::Firing => {
                    one.alerts.is_empty()
                        && self.fellow.is_some()
                        && self.over_at.is_some_and(|over| one.received_at >= over)
                }
                Said::Unknown => false,
            };
            mine.iter().filter(later).copied().find(is_end)
        });
        self.end_notified_at = ended.map(|ended| ended.received_at);
        self.elsewhere = mine
            .iter()
            .filter(|one| one.receiver != wanted && said(one) == Said::Firing)
            .map(|one| one.receiver.clone())
            .collect();
        self.elsewhere.sort();
        self.elsewhere.dedup();
    }
}

/// The first of the times that lead to `end` without a gap.
pub fn stretch_before(times: &[UnixSeconds], end: UnixSeconds, gap: f64) -> Option<UnixSeconds> {
    let mut next = end;
    let mut first = None;
    for time in times.iter().rev().copied().filter(|time| *time <= end) {
        if next - time > gap {
            break;
        }
        first = Some(time);
        next = time;
    }
    first
}
