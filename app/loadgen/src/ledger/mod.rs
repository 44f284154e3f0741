//! What happened, counted once: pure bookkeeping, no clock, no network.
//!
//! Here is how an arrival can end, and its three times; [`distribution`] is a fixed-size histogram, [`totals`] what is recorded of
//! a run, and [`saturation`] how far a thread fell behind for want of processor time. What is made of them for people:
//! [`report`](crate::report).
//!
//! There are three times because a target that stalls also holds up the requests that should have been sent meanwhile. Service
//! time alone (what closed-loop tools print) leaves that wait out, which is called coordinated omission; response time includes
//! it.

mod distribution;
mod saturation;
#[cfg(test)]
mod tests;
mod totals;

use std::time::Duration;

use serde::Serialize;

pub(crate) use distribution::{Distribution, MAX_TIME, Quantiles};
pub(crate) use saturation::Saturation;
pub(crate) use totals::{End, StageTotals, Totals};

/// Arrivals by class, in the order of [`Class::ALL`].
pub(crate) type Counts = [u64; Class::ALL.len()];

/// How an arrival ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Answered, status below 400.
    Ok,
    /// Answered, status 400 to 499.
    #[serde(rename = "http_4xx")]
    Http4xx,
    /// Answered, status 500 and above.
    #[serde(rename = "http_5xx")]
    Http5xx,
    /// Sent, but no complete answer before the timeout, which runs from the intended instant.
    Timeout,
    /// No connection could be opened, or not in time: never sent.
    Connect,
    /// The connection broke, or what came back was not HTTP.
    Reset,
    /// Never sent: its timeout passed (or the run was stopped) while every connection was busy.
    Expired,
}

impl Class {
    /// All of them, in the order of reports.
    pub const ALL: [Self; 7] = [
        Self::Ok,
        Self::Http4xx,
        Self::Http5xx,
        Self::Timeout,
        Self::Connect,
        Self::Reset,
        Self::Expired,
    ];

    /// As in the JSON summary.
    pub const fn name(self) -> &'static str {
        [
            "ok", "http_4xx", "http_5xx", "timeout", "connect", "reset", "expired",
        ][self as usize]
    }

    pub(crate) fn of_status(status: u16) -> Self {
        match status {
            ..400 => Self::Ok,
            400..500 => Self::Http4xx,
            500.. => Self::Http5xx,
        }
    }

    /// Whether the target answered.
    pub(crate) const fn is_answer(self) -> bool {
        matches!(self, Self::Ok | Self::Http4xx | Self::Http5xx)
    }

    /// Whether it was given to a connection.
    pub(crate) const fn is_sent(self) -> bool {
        !matches!(self, Self::Connect | Self::Expired)
    }

    /// Whether it always has a response time: answers and arrivals that ran out of time do. A refused or broken connection is
    /// over in microseconds; counted as a response it would make a dead target look fast. See [`Record::ran_out`].
    pub(crate) const fn has_response_time(self) -> bool {
        self.is_answer() || matches!(self, Self::Timeout | Self::Expired)
    }
}

/// The classes that occurred with their counts, or `none`.
pub(crate) fn listed(counts: &Counts, none: &str) -> String {
    let classes = Class::ALL.into_iter().zip(counts);
    let listed: Vec<_> = classes
        .filter(|(_, count)| **count > 0)
        .map(|(class, count)| format!("{} {count}", class.name()))
        .collect();
    if listed.is_empty() {
        return none.into();
    }
    listed.join(", ")
}

/// Three instants of one request, all since the run's start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing {
    /// When the schedule wanted it sent.
    pub(crate) intended: Duration,
    /// When a connection took it; when it was given up, if none did.
    pub(crate) sent: Duration,
    /// When its end was known; for timeouts the deadline itself.
    pub(crate) done: Duration,
}

impl Timing {
    /// How late it was sent, because no connection was free or because the generator was slow.
    pub(crate) fn lag(&self) -> Duration {
        self.sent.saturating_sub(self.intended)
    }

    /// What the target took, as a closed-loop tool would see it.
    pub(crate) fn service(&self) -> Duration {
        self.done.saturating_sub(self.sent)
    }

    /// Latency from the scheduled send time.
    pub(crate) fn response(&self) -> Duration {
        self.done.saturating_sub(self.intended)
    }
}

/// The end of one arrival.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record {
    /// Index in the plan.
    pub(crate) stage: usize,
    pub(crate) class: Class,
    pub(crate) timing: Timing,
    /// The part of the lag during which a connection was free: the generator's own fault.
    pub(crate) own_lag: Duration,
    /// Whether its timeout ended it. One whose connection hung until then has waited, and counts among response times.
    pub(crate) ran_out: bool,
}
