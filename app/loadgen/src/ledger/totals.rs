//! All accounts added up, and the sums that must agree.

use std::time::Duration;

use super::{Class, Counts, Distribution, add_counts};

/// Accounts of one stage.
#[derive(Clone, Debug, Default)]
pub struct StageTotals {
    /// Arrivals by class, in the order of [`Class::ALL`].
    pub counts: Counts,
    /// Response times by class, in the same order.
    pub response: [Distribution; Class::ALL.len()],
    /// Response times of those whose connection hung until their timeout.
    pub hung: Distribution,
    /// Service times of what has a response time and was sent.
    pub service: Distribution,
}

impl StageTotals {
    /// Arrivals of a class.
    pub fn count(&self, class: Class) -> u64 {
        self.counts[class as usize]
    }

    pub(crate) fn ended(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Share of them that didn't end as [`Class::Ok`].
    pub fn error_rate(&self) -> Option<f64> {
        share_of_errors(self.count(Class::Ok), self.ended())
    }

    /// Response times of everything that has one: the main figure.
    pub fn responses(&self) -> Distribution {
        let mut all = self.hung.clone();
        for class in Class::ALL
            .into_iter()
            .filter(|class| class.has_response_time())
        {
            all.add(&self.response[class as usize]);
        }
        all
    }

    pub(crate) fn add(&mut self, other: &Self) {
        add_counts(&mut self.counts, &other.counts);
        for (ours, theirs) in self.response.iter_mut().zip(&other.response) {
            ours.add(theirs);
        }
        self.hung.add(&other.hung);
        self.service.add(&other.service);
    }
}

/// Accounts of a run.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    /// By stage, in the plan's order.
    pub stages: Vec<StageTotals>,
    /// Sent − intended of everything that was sent.
    pub lag: Distribution,
    /// The part of every arrival's lag during which a connection was free.
    pub own_lag: Distribution,
    /// How far behind a thread was, for want of processor time, when it took an arrival; see [`Strain`](super::Strain).
    pub behind: Distribution,
    /// Expired although a connection was free for most of their time: the generator's fault.
    pub expired_while_free: u64,
    /// Arrivals the schedule gave out; every one of them is in exactly one class.
    pub scheduled: u64,
    /// Answers that came before the end of the schedule.
    pub answered_in_time: u64,
    /// Whether a schedule decided when to send, not the answer to the request before.
    pub is_open_loop: bool,
    /// From the start to the end of the schedule, or to where it was stopped.
    pub asked_for: Duration,
    /// When the last one was sent, since the start.
    pub last_sent: Duration,
    /// From the start until the last arrival's end.
    pub elapsed: Duration,
    /// Processor time of the pacing thread.
    pub pacing_cpu: Duration,
    /// Share of the run in which the busiest worker thread was working or waiting for a processor.
    pub busiest: f64,
}

impl Totals {
    /// Nothing recorded yet.
    pub fn new(stages: usize) -> Self {
        Self {
            stages: vec![StageTotals::default(); stages],
            is_open_loop: true,
            ..Self::default()
        }
    }

    /// Adds another thread's records of the same run.
    pub(crate) fn add(&mut self, other: &Self) {
        for (ours, theirs) in self.stages.iter_mut().zip(&other.stages) {
            ours.add(theirs);
        }
        self.lag.add(&other.lag);
        self.own_lag.add(&other.own_lag);
        self.behind.add(&other.behind);
        self.expired_while_free += other.expired_while_free;
        self.answered_in_time += other.answered_in_time;
        self.last_sent = self.last_sent.max(other.last_sent);
        self.busiest = self.busiest.max(other.busiest);
    }

    /// All stages as one.
    pub fn overall(&self) -> StageTotals {
        let mut all = StageTotals::default();
        for stage in &self.stages {
            all.add(stage);
        }
        all
    }

    /// Arrivals that were given to a connection.
    pub fn sent(&self) -> u64 {
        self.lag.count()
    }

    /// Arrivals of a class.
    pub fn count(&self, class: Class) -> u64 {
        self.stages.iter().map(|stage| stage.count(class)).sum()
    }

    /// Share of the asked rate that was sent, late sending included: 1 when every arrival left before the schedule's end.
    pub fn achieved(&self) -> Option<f64> {
        if self.scheduled == 0 {
            return None;
        }
        let taken = self.last_sent.max(self.asked_for).as_secs_f64();
        Some(self.sent() as f64 / self.scheduled as f64 * self.asked_for.as_secs_f64() / taken)
    }

    /// Share of arrivals that didn't end as [`Class::Ok`].
    pub fn error_rate(&self) -> Option<f64> {
        share_of_errors(self.count(Class::Ok), self.scheduled)
    }

    /// Answers per second while the schedule ran: whatever came later says how long the last one took.
    pub(crate) fn answers_per_second(&self) -> f64 {
        let seconds = self.asked_for.as_secs_f64().max(f64::MIN_POSITIVE);
        self.answered_in_time as f64 / seconds
    }

    /// Arrivals that were never given to a connection.
    pub fn unsent(&self) -> u64 {
        self.count(Class::Connect) + self.count(Class::Expired)
    }

    /// Whether every scheduled arrival ended in exactly one class: sent + connect + expired = scheduled.
    pub fn is_balanced(&self) -> bool {
        let ended: u64 = self.stages.iter().map(StageTotals::ended).sum();
        ended == self.scheduled && self.sent() + self.unsent() == self.scheduled
    }
}

/// One division of whole numbers: 1 − ok / all would be a little above 0.01 for 99 of 100.
fn share_of_errors(ok: u64, all: u64) -> Option<f64> {
    (all > 0).then(|| all.saturating_sub(ok) as f64 / all as f64)
}
