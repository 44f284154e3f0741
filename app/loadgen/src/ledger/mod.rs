//! What happened, counted once: pure bookkeeping, no clock, no network.
//!
//! Here is how an arrival can end, and its three times; [`distribution`] is a fixed-size histogram and what is read from it, [`book`]
//! the accounts one thread keeps, [`totals`] all threads' accounts added up. What is made of them for people:
//! [`report`](crate::report).
//!
//! There are three times because a target that stalls also holds up the requests that should have been sent meanwhile. Service
//! time alone (what closed-loop tools print) leaves that wait out, which is called coordinated omission; response time includes
//! it.

mod book;
mod distribution;
mod totals;

use std::time::Duration;

use hyper::StatusCode;

pub use book::{Book, Interval, Strain};
pub(crate) use distribution::LONGEST;
pub use distribution::{Distribution, Quantiles};
pub use totals::{StageTotals, Totals};

/// Arrivals by class, in the order of [`Class::ALL`].
pub(crate) type Counts = [u64; Class::ALL.len()];

fn add_counts(ours: &mut Counts, theirs: &Counts) {
    for (ours, theirs) in ours.iter_mut().zip(theirs) {
        *ours += theirs;
    }
}

/// The classes that occurred with their counts; `nothing` where none did.
pub(crate) fn listed(counts: &Counts, nothing: &str) -> String {
    let named = Class::ALL
        .into_iter()
        .zip(counts)
        .filter(|(_, count)| **count > 0)
        .map(|(class, count)| format!("{} {count}", class.name()));
    let listed = named.collect::<Vec<_>>().join(", ");
    if listed.is_empty() {
        nothing.into()
    } else {
        listed
    }
}

/// How an arrival ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Answered, status below 400.
    Ok,
    /// Answered, status 400 to 499.
    Http4xx,
    /// Answered, status 500 and above.
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

    /// Its name in panel, summary and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Http4xx => "http_4xx",
            Self::Http5xx => "http_5xx",
            Self::Timeout => "timeout",
            Self::Connect => "connect",
            Self::Reset => "reset",
            Self::Expired => "expired",
        }
    }

    /// The class of an answer.
    pub fn of_status(status: StatusCode) -> Self {
        match status.as_u16() {
            ..400 => Self::Ok,
            400..500 => Self::Http4xx,
            500.. => Self::Http5xx,
        }
    }

    /// Whether the target answered.
    pub const fn is_answer(self) -> bool {
        matches!(self, Self::Ok | Self::Http4xx | Self::Http5xx)
    }

    /// Whether it was given to a connection.
    pub(crate) const fn is_sent(self) -> bool {
        !matches!(self, Self::Connect | Self::Expired)
    }

    /// Whether it always has a response time: answers and arrivals that ran out of time do. A refused or broken connection is
    /// over in microseconds; counted as a response it would make a dead target look fast. See [`Entry`].
    pub(crate) const fn has_response_time(self) -> bool {
        self.is_answer() || matches!(self, Self::Timeout | Self::Expired)
    }
}

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
    /// Index in the plan.
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
