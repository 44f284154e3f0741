//! The three times of a request, and why there are three.
//!
//! A target that stalls also holds up the requests that should have been sent meanwhile. Service time alone (what
//! closed-loop tools print) leaves that wait out, which is called coordinated omission; response time includes it.

use std::time::Duration;

use super::class::Class;

/// Three instants of one request, all since the run's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// When the schedule wanted it sent.
    pub intended: Duration,
    /// When a connection took it.
    pub sent: Duration,
    /// When its end was known; for timeouts the deadline itself.
    pub done: Duration,
}

impl Timing {
    /// Sent − intended: how late it was sent, because no connection was free or because the generator was slow.
    pub fn lag(&self) -> Duration {
        self.sent.saturating_sub(self.intended)
    }

    /// Done − sent: what the target took, as a closed-loop tool would see it.
    pub fn service(&self) -> Duration {
        self.done.saturating_sub(self.sent)
    }

    /// Done − intended: latency from the scheduled send time.
    pub fn response(&self) -> Duration {
        self.done.saturating_sub(self.intended)
    }
}

/// What a book records of one arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Index of its stage.
    pub stage: usize,
    /// How it ended.
    pub class: Class,
    /// Its times; one that expired has `sent` where it was given up.
    pub timing: Timing,
    /// The part of the lag during which a connection was free: the generator's own fault.
    pub own_lag: Duration,
    /// Whether its timeout ended it. One whose connection hung until then has waited, and counts among response times.
    pub ran_out: bool,
}
