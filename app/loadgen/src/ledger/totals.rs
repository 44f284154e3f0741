//! What is recorded of a run: by each thread for itself, once a second and at the end added up; and the sums that must agree.

use std::time::Duration;

use super::{Class, Counts, Distribution, Record};

/// What is recorded of one stage.
#[derive(Clone, Debug, Default)]
pub(crate) struct StageTotals {
    pub(crate) counts: Counts,
    /// Response times by class, in the order of [`Class::ALL`].
    pub(crate) response: [Distribution; Class::ALL.len()],
    /// Response times of those whose connection hung until their timeout.
    pub(crate) hung: Distribution,
    /// Service times of what has a response time and was sent.
    pub(crate) service: Distribution,
}

impl StageTotals {
    pub(crate) fn ended(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Share of them that didn't end as [`Class::Ok`].
    pub(crate) fn error_rate(&self) -> Option<f64> {
        share_of_errors(self.counts[Class::Ok as usize], self.ended())
    }

    /// Response times of everything that has one: the main figure.
    pub(crate) fn responses(&self) -> Distribution {
        let mut all = self.hung.clone();
        for class in Class::ALL {
            if class.has_response_time() {
                all.add(&self.response[class as usize]);
            }
        }
        all
    }

    fn record(&mut self, record: &Record) {
        let Record { class, timing, .. } = record;
        self.counts[*class as usize] += 1;
        self.response[*class as usize].record(timing.response());
        if *class == Class::Connect && record.ran_out {
            self.hung.record(timing.response());
        }
        if class.has_response_time() && class.is_sent() {
            self.service.record(timing.service());
        }
    }

    fn add(&mut self, other: &Self) {
        for (ours, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *ours += theirs;
        }
        for (ours, theirs) in self.response.iter_mut().zip(&other.response) {
            ours.add(theirs);
        }
        self.hung.add(&other.hung);
        self.service.add(&other.service);
    }

    fn clear(&mut self) {
        self.counts = Counts::default();
        self.response.iter_mut().for_each(Distribution::clear);
        self.hung.clear();
        self.service.clear();
    }
}

/// What is recorded of a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Totals {
    /// In the plan's order.
    pub(crate) stages: Vec<StageTotals>,
    /// Sent − intended of everything that was sent.
    pub(crate) lag: Distribution,
    /// The part of every arrival's lag during which a connection was free.
    pub(crate) own_lag: Distribution,
    /// How far behind a thread was, for want of processor time, when it took an arrival; see [`Saturation`](super::Saturation).
    pub(crate) behind: Distribution,
    /// Expired although a connection was free for most of their time: the generator's fault.
    pub(crate) expired_while_free: u64,
    /// Answers that came before the end of the schedule.
    pub(crate) answered_in_time: u64,
    /// When the last one was sent, since the start.
    pub(crate) last_sent: Duration,
    /// The rest is known at the end.
    pub(crate) end: End,
}

/// What is known of a run at its end.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct End {
    /// Arrivals the schedule gave out; every one of them is in exactly one class.
    pub(crate) scheduled: u64,
    /// Whether a schedule decided when to send, not the answer to the request before.
    pub(crate) is_open_loop: bool,
    /// From the start to the end of the schedule, or to where it was stopped.
    pub(crate) asked_for: Duration,
    /// From the start until the last arrival's end.
    pub(crate) elapsed: Duration,
    /// Processor time of the pacing thread.
    pub(crate) pacing_cpu: Duration,
    /// Share of the run in which the busiest worker thread was working or waiting for a processor.
    pub(crate) busiest: f64,
}

impl Totals {
    pub(crate) fn new(stages: usize) -> Self {
        Self {
            stages: vec![StageTotals::default(); stages],
            ..Self::default()
        }
    }

    pub(crate) fn record(&mut self, record: &Record) {
        let timing = record.timing;
        self.stages[record.stage].record(record);
        self.own_lag.record(record.own_lag);
        if record.class == Class::Expired && record.own_lag > timing.lag() / 2 {
            self.expired_while_free += 1;
        }
        if record.class.is_sent() {
            self.last_sent = self.last_sent.max(timing.sent);
            self.lag.record(timing.lag());
        }
    }

    /// Adds other records of the same run.
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
    }

    /// Forgets every record and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.stages.iter_mut().for_each(StageTotals::clear);
        self.lag.clear();
        self.own_lag.clear();
        self.behind.clear();
        (self.expired_while_free, self.answered_in_time) = (0, 0);
    }

    /// All stages as one.
    pub(crate) fn overall(&self) -> StageTotals {
        let mut all = StageTotals::default();
        for stage in &self.stages {
            all.add(stage);
        }
        all
    }

    pub(crate) fn count(&self, class: Class) -> u64 {
        let counts = self.stages.iter().map(|stage| stage.counts[class as usize]);
        counts.sum()
    }

    /// Arrivals by class, all stages together.
    pub(crate) fn counts(&self) -> Counts {
        Class::ALL.map(|class| self.count(class))
    }

    /// Arrivals that were given to a connection.
    pub(crate) fn sent(&self) -> u64 {
        self.lag.count()
    }

    /// Arrivals that were never given to a connection.
    pub(crate) fn unsent(&self) -> u64 {
        self.count(Class::Connect) + self.count(Class::Expired)
    }

    /// Share of the asked rate that was sent, late sending included: 1 when every arrival left before the schedule's end. A closed
    /// loop asks for no rate.
    pub(crate) fn achieved(&self) -> Option<f64> {
        let asked_for = self.end.asked_for;
        let taken = self.last_sent.max(asked_for).as_secs_f64();
        let share = self.sent() as f64 / self.end.scheduled as f64;
        (self.end.is_open_loop && self.end.scheduled > 0)
            .then(|| share * asked_for.as_secs_f64() / taken)
    }

    /// Share of arrivals that didn't end as [`Class::Ok`].
    pub(crate) fn error_rate(&self) -> Option<f64> {
        share_of_errors(self.count(Class::Ok), self.end.scheduled)
    }

    /// Answers per second while the schedule ran: whatever came later says how long the last one took.
    pub(crate) fn answers_per_second(&self) -> f64 {
        let seconds = self.end.asked_for.as_secs_f64().max(f64::MIN_POSITIVE);
        self.answered_in_time as f64 / seconds
    }

    /// Whether every scheduled arrival ended in exactly one class: sent + connect + expired = scheduled.
    pub(crate) fn is_balanced(&self) -> bool {
        let ended: u64 = self.stages.iter().map(StageTotals::ended).sum();
        ended == self.end.scheduled && self.sent() + self.unsent() == self.end.scheduled
    }
}

/// One division of whole numbers: 1 − ok / all would be a little above 0.01 for 99 of 100.
fn share_of_errors(ok: u64, all: u64) -> Option<f64> {
    (all > 0).then(|| all.saturating_sub(ok) as f64 / all as f64)
}
