//! The accounts one thread keeps: fixed memory, one histogram for each class of each stage, and how far it fell behind for want of
//! processor time.

use std::mem;
use std::time::Duration;

use super::{Class, Counts, Distribution, Entry, StageTotals, Totals, add_counts};

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
    pub counts: Counts,
    /// Their response times.
    pub response: Distribution,
    /// Their lags.
    pub lag: Distribution,
}

impl Interval {
    pub(crate) fn add(&mut self, other: &Self) {
        add_counts(&mut self.counts, &other.counts);
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

/// Length of a window. A freeze so short that the window still counts as saturated makes lag grow by 5 ms at most.
const WINDOW: Duration = Duration::from_millis(100);

/// From this share of a window on, a thread counts as saturated.
const SATURATED: f64 = 0.95;

/// How far a thread without processor time to spare falls behind.
///
/// When a thread has no time to read an answer, the connection looks busy, as if the target were slow; only the thread's own
/// use of time tells the two apart. So it is looked at in windows. What lag grows by in a saturated window is the generator's
/// fault. Lag from before is not: what a freeze of the target leaves behind shrinks while the thread catches up.
#[derive(Clone, Debug, Default)]
pub struct Strain {
    /// Begin of the window.
    begin: Duration,
    /// What the thread had used by then.
    used: Duration,
    /// Lag of the last arrival before it.
    lag_before: Duration,
    /// Lag of the last arrival.
    lag: Duration,
    arrivals: u64,
    /// By how much the thread has fallen behind in the saturated windows up to now.
    behind: Duration,
}

impl Strain {
    /// Nothing sent yet, by a thread that has used that much.
    pub(crate) fn new(used: Duration) -> Self {
        Self {
            used,
            ..Self::default()
        }
    }

    /// Notes an arrival that was taken this late.
    pub fn note(&mut self, lag: Duration) {
        self.lag = lag;
        self.arrivals += 1;
    }

    /// Whether the window is over.
    pub fn is_over(&self, now: Duration) -> bool {
        now >= self.begin + WINDOW
    }

    /// Ends the window, and records for each of its arrivals how far behind the thread is by its own doing. `used` is
    /// how long the thread has worked, or waited for a processor, since it began.
    pub fn end_window(&mut self, now: Duration, used: Duration, behind: &mut Distribution) {
        let length = now.saturating_sub(self.begin);
        let busy = used.saturating_sub(self.used);
        self.behind = if busy >= length.mul_f64(SATURATED) {
            (self.behind + self.lag).saturating_sub(self.lag_before)
        } else {
            Duration::ZERO
        };
        behind.record_many(self.behind.min(self.lag), self.arrivals);
        *self = Self {
            begin: now,
            used,
            lag_before: self.lag,
            lag: self.lag,
            arrivals: 0,
            behind: self.behind,
        };
    }
}
