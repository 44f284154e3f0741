//! Looks at the servers again and again, and keeps what was learnt.

use std::collections::{BTreeMap, BTreeSet};

use super::now;
use crate::drill::definition::{Drill, End};
use crate::drill::durations;
use crate::drill::evidence::{Evidence, stretch_before};
use crate::drill::identity::{belongs, in_words};
use crate::drill::incident::Incident;
use crate::drill::judge::Watched;
use crate::drill::known::{Background, Known, Marks};
use crate::drill::look::Look;
use crate::drill::matchers::Labels;
use crate::drill::servers::Servers;
use crate::drill::sources::alertmanager::Requests;
use crate::drill::sources::{UnixSeconds, Unusable};

/// Shortest and longest time between two looks, in seconds; within these limits it is a fifth of the rules' interval.
const PAUSES: (f64, f64) = (0.1, 1.0);
/// So many seconds before the drill's beginning still count: clocks and scrapes are not exact.
const MARGIN: f64 = 1.0;

/// What was learnt so far.
#[derive(Debug)]
pub struct Watch {
    /// For each proof.
    pub evidence: Vec<Evidence>,
    /// For each reading.
    pub readings: Vec<Watched>,
    /// Alerts that fired and don't belong to the drill.
    pub strangers: Vec<String>,
    /// What `PagerDuty` got.
    pub incident: Incident,
    /// What had no usable answer at the last look, and what is odd about the load.
    pub troubles: Vec<String>,
    /// Time between two looks, in seconds.
    pub pause: f64,
    began: UnixSeconds,
    /// Alerts that were held back because of one of the drill's: nobody was told of them.
    explained: BTreeSet<Labels>,
    /// Alerts that were there before.
    baseline: Vec<Labels>,
    /// Requests that Alertmanager had made before.
    requests: BTreeMap<String, Requests>,
}

impl Watch {
    /// Begins now, with what was there before.
    pub fn new(
        drill: &Drill,
        known: &Known,
        (baseline, requests): (Vec<Labels>, BTreeMap<String, Requests>),
    ) -> Self {
        let shortest = known
            .backgrounds
            .iter()
            .map(|background| background.interval)
            .fold(f64::MAX, f64::min);
        Self {
            evidence: vec![Evidence::default(); drill.proofs.len()],
            readings: vec![Watched::default(); drill.readings.len()],
            strangers: Vec::new(),
            incident: Incident::default(),
            explained: BTreeSet::new(),
            troubles: Vec::new(),
            pause: (shortest / 5.0).clamp(PAUSES.0, PAUSES.1),
            began: now(),
            baseline,
            requests,
        }
    }

    /// Reads the figures that must move, before anything has happened.
    pub async fn read_before(&mut self, servers: &Servers, drill: &Drill) {
        for (reading, watched) in drill.readings.iter().zip(&mut self.readings) {
            let query = reading.query.replace("$since", "1m");
            watched.before = servers.prometheus.value(&query).await.ok().flatten();
        }
    }

    /// One look at everything.
    pub async fn look(
        &mut self,
        servers: &Servers,
        (drill, known): (&'static Drill, &Known),
        marks: &Marks,
    ) {
        let look = self.ask(servers, drill).await;
        for (background, evidence) in known.backgrounds.iter().zip(&mut self.evidence) {
            let proof = background.proof;
            evidence.learn(background, marks, &self.requests, &look);
            let has_expression = !matches!(proof.end, End::FallsSilent | End::Inhibited { .. });
            if let Some(cause) = marks.get(proof.cause).filter(|_| has_expression) {
                replay(servers, background, evidence, cause.earliest).await;
            }
        }
        self.read(servers, drill, marks).await;
        self.explained.extend(explained(&look, drill));
        self.strangers = self.strangers_of(&look, drill);
        if let Some(notifications) = &look.notifications {
            self.incident = Incident::of(drill, notifications);
        }
        self.troubles = look.troubles;
    }

    async fn ask(&self, servers: &Servers, drill: &Drill) -> Look {
        let mut look = Look {
            at: now(),
            ..Look::default()
        };
        let mut troubles = Vec::new();
        let since = now() - self.began + MARGIN;
        // Samples before rules: an alert that both show as gone is gone.
        look.series = told(servers.prometheus.alerts(since).await, &mut troubles);
        if look.series.is_some() {
            for proof in drill.proofs {
                let rules = servers.prometheus.rules(proof.alert).await;
                if let Some(rules) = told(rules, &mut troubles) {
                    look.rules.insert(proof.alert, rules);
                }
            }
        }
        look.held = told(servers.alertmanager.alerts().await, &mut troubles);
        // Records before counters: what pager has, Alertmanager is about to count.
        let notifications = servers.pager.notifications(self.began - MARGIN).await;
        look.notifications = told(notifications, &mut troubles);
        look.requests = told(servers.alertmanager.requests().await, &mut troubles);
        troubles.dedup();
        look.troubles = troubles;
        look
    }

    async fn read(&mut self, servers: &Servers, drill: &Drill, marks: &Marks) {
        for (reading, watched) in drill.readings.iter().zip(&mut self.readings) {
            let Some(cause) = marks.get(reading.cause) else {
                continue;
            };
            let since = durations::text((now() - cause.earliest).max(MARGIN));
            let query = reading.query.replace("$since", &since);
            if watched.moved_at.is_none()
                && let Ok(value) = servers.prometheus.value(&query).await
            {
                watched.look(reading.change, value, now());
            }
        }
    }

    /// Alerts that fired since the drill began and are neither its own, nor companions, nor older than it.
    fn strangers_of(&self, look: &Look, drill: &Drill) -> Vec<String> {
        let Some(series) = &look.series else {
            return self.strangers.clone();
        };
        let firing = series.iter().filter(|one| {
            one.labels
                .get("alertstate")
                .is_some_and(|state| state == "firing")
                && one.times.iter().any(|time| *time >= self.began)
        });
        let mut strangers = Vec::new();
        for one in firing {
            let mut labels = one.labels.clone();
            labels.remove("alertstate");
            labels.remove("__name__");
            let name = labels.get("alertname").map_or("", String::as_str);
            let belongs = labels.contains_key("slo")
                || drill.companions.contains(&name)
                || drill.proofs.iter().any(|proof| proof.alert == name)
                || self.explained.contains(&labels)
                || self.baseline.contains(&labels);
            if !belongs {
                strangers.push(in_words(&labels));
            }
        }
        strangers.sort();
        strangers.dedup();
        strangers
    }
}

/// Alerts that Alertmanager holds back because of one of the drill's own.
fn explained(look: &Look, drill: &Drill) -> Vec<Labels> {
    let held = look.held.as_deref().unwrap_or_default();
    let is_own = |fingerprint: &String| {
        let mut of_drill = held.iter().filter(|alert| {
            drill
                .proofs
                .iter()
                .any(|proof| belongs(proof, &alert.labels))
        });
        of_drill.any(|alert| alert.fingerprint == *fingerprint)
    };
    held.iter()
        .filter(|alert| alert.status.inhibitors.iter().any(is_own))
        .map(|alert| alert.labels.clone())
        .collect()
}

/// Finds out since when the expression has been true, at moments a fraction of an evaluation apart.
async fn replay(
    servers: &Servers,
    background: &Background,
    evidence: &mut Evidence,
    cause: UnixSeconds,
) {
    let is_known = evidence
        .true_at
        .zip(evidence.pending_at)
        .is_some_and(|(found, pending)| found <= pending);
    if is_known {
        return;
    }
    let step = (background.interval / 5.0).clamp(0.05, 1.0);
    let until = evidence.pending_at.unwrap_or_else(now);
    let Ok(times) = servers
        .prometheus
        .replay(&background.query, (cause, until), step)
        .await
    else {
        return;
    };
    evidence.true_at = match evidence.pending_at {
        None => times.first().copied(),
        // Where it is true between two of the moments only, pending tells.
        Some(pending) => stretch_before(&times, pending, 2.0 * step).or(Some(pending)),
    };
}

/// The answer; if there is no usable one, that is noted as a trouble.
fn told<T>(answer: Result<T, Unusable>, troubles: &mut Vec<String>) -> Option<T> {
    answer
        .map_err(|unusable| troubles.push(unusable.to_string()))
        .ok()
}
