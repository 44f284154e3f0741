//! The accounts one thread keeps: fixed memory, one histogram for each class of each stage.

use std::mem;
use std::time::Duration;

use super::class::Class;
use super::distribution::Distribution;
use super::strain::Strain;
use super::timing::Entry;
use super::totals::{StageTotals, Totals};

/// One thread's accounts of a run.
#[derive(Clone, Debug)]
pub struct Book {
    totals: Totals,
    interval: Interval,
}

/// What was recorded since the last look: the live panel's material.
#[derive(Clone, Debug, Default)]
pub struct Interval {
    /// Arrivals that ended, by class, in the order of [`Class::ALL`].
    pub counts: [u64; Class::ALL.len()],
    /// Their response times.
    pub response: Distribution,
    /// Their lags.
    pub lag: Distribution,
}

impl Interval {
    pub(crate) fn add(&mut self, other: &Self) {
        for (ours, theirs) in self.counts.iter_mut().zip(other.counts) {
            *ours += theirs;
        }
        self.response.add(&other.response);
        self.lag.add(&other.lag);
    }

    /// Forgets every record and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.counts = Default::default();
        self.response.clear();
        self.lag.clear();
    }
}

impl Book {
    /// An empty book for that many stages.
    pub fn new(stages: usize) -> Self {
        Self {
            totals: Totals::new(stages),
            interval: Interval::default(),
        }
    }

    /// Records the end of one arrival.
    pub fn record(&mut self, entry: &Entry) {
        let Entry {
            stage,
            class,
            timing,
            own_lag,
            ran_out,
        } = *entry;
        let StageTotals {
            counts,
            response,
            hung,
            service,
        } = &mut self.totals.stages[stage];
        counts[class as usize] += 1;
        response[class as usize].record(timing.response());
        self.interval.counts[class as usize] += 1;
        if class == Class::Connect && ran_out {
            hung.record(timing.response());
            self.interval.response.record(timing.response());
        }
        if class.has_response_time() {
            self.interval.response.record(timing.response());
        }
        self.totals.own_lag.record(own_lag);
        if class == Class::Expired && own_lag > timing.lag() / 2 {
            self.totals.expired_while_free += 1;
        }
        if !class.is_sent() {
            return;
        }
        if class.has_response_time() {
            service.record(timing.service());
        }
        self.totals.last_sent = self.totals.last_sent.max(timing.sent);
        self.totals.lag.record(timing.lag());
        self.interval.lag.record(timing.lag());
    }

    /// Counts an answer that came before the end of the schedule.
    pub(crate) fn count_in_time(&mut self) {
        self.totals.answered_in_time += 1;
    }

    /// Ends a window of the thread that keeps this book; see [`Strain::end_window`].
    pub(crate) fn end_window(&mut self, strain: &mut Strain, now: Duration, used: Duration) {
        strain.end_window(now, used, &mut self.totals.behind);
    }

    /// Gives what was recorded since the last time, in exchange for an empty one.
    pub(crate) fn swap_interval(&mut self, empty: &mut Interval) {
        mem::swap(&mut self.interval, empty);
    }

    /// Everything recorded.
    pub fn into_totals(self) -> Totals {
        self.totals
    }
}
