//! What is shown on stderr while the load runs.
//!
//! [`screen`] decides between the panel (a terminal) and plain lines (anything else), [`display`] draws one `Sample` as either.
//! The final summary is in [`report`](crate::report).

pub mod display;
pub mod screen;

use std::time::Duration;

use crate::ledger::{Class, Distribution, Interval, Quantiles};

pub(crate) use screen::Screen;

/// One look at a run, taken once a second.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub elapsed: Duration,
    pub duration: Duration,
    /// Stage it is in; `drain` after the last arrival.
    pub stage: String,
    /// Rate asked for at this moment; `None` in a closed loop.
    pub asked: Option<f64>,
    /// Requests sent per second since the look before.
    pub achieved: f64,
    /// Scheduled and not yet ended.
    pub in_flight: u64,
    /// 99th percentile of lag since the look before.
    pub lag: Option<Duration>,
    /// Response times since the look before.
    pub recent: Option<Quantiles>,
    /// Response times of the whole run.
    pub overall: Option<Quantiles>,
    /// Arrivals that ended, by class.
    pub counts: [u64; Class::ALL.len()],
    /// p99 of each of the last looks in milliseconds, the newest last.
    pub history: Vec<f64>,
}

/// How many looks the sparkline remembers.
const HISTORY: usize = 60;

/// What has been seen of a run so far.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    overall: Distribution,
    counts: [u64; Class::ALL.len()],
    history: Vec<f64>,
    sent_before: u64,
}

/// What a look at a run finds.
#[derive(Debug)]
pub(crate) struct Look<'a> {
    pub elapsed: Duration,
    /// Time since the look before.
    pub since: Duration,
    pub duration: Duration,
    pub stage: String,
    pub asked: Option<f64>,
    /// Arrivals given out so far.
    pub scheduled: u64,
    /// What was recorded since the look before.
    pub interval: &'a Interval,
}

impl Memory {
    /// Makes a sample of a look.
    pub(crate) fn sample(&mut self, look: Look<'_>) -> Sample {
        let interval = look.interval;
        self.overall.add(&interval.response);
        for (ours, new) in self.counts.iter_mut().zip(interval.counts) {
            *ours += new;
        }
        let recent = interval.response.quantiles();
        self.history
            .push(recent.map_or(0.0, |figures| figures.p99_seconds * 1000.0));
        if self.history.len() > HISTORY {
            self.history.remove(0);
        }
        let ended: u64 = self.counts.iter().sum();
        let unsent = Class::ALL.into_iter().filter(|class| !class.is_sent());
        let unsent: u64 = unsent.map(|class| self.counts[class as usize]).sum();
        let sent = look.scheduled.saturating_sub(unsent);
        let achieved = sent.saturating_sub(self.sent_before) as f64
            / look.since.as_secs_f64().max(f64::MIN_POSITIVE);
        self.sent_before = sent;
        Sample {
            elapsed: look.elapsed,
            duration: look.duration,
            stage: look.stage,
            asked: look.asked,
            achieved,
            in_flight: look.scheduled.saturating_sub(ended),
            lag: interval.lag.quantile(0.99),
            recent,
            overall: self.overall.quantiles(),
            counts: self.counts,
            history: self.history.clone(),
        }
    }
}

/// Classes that occurred, for either display.
pub(crate) fn classes(counts: &[u64; Class::ALL.len()]) -> String {
    let named = Class::ALL
        .into_iter()
        .zip(counts)
        .filter(|(_, count)| **count > 0);
    let parts: Vec<_> = named
        .map(|(class, count)| format!("{} {count}", class.name()))
        .collect();
    if parts.is_empty() {
        "none yet".into()
    } else {
        parts.join(", ")
    }
}
