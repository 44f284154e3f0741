//! When a run says nothing about its target, because the generator itself was too slow.
//!
//! Only what happened while a connection was free, or while a thread was saturated, counts against the generator. A frozen or
//! overloaded target keeps every connection busy and makes response times long; it never makes a run invalid.

use std::time::Duration;

use crate::ledger::Totals;

/// Least share of arrivals that must have been sent, of those a connection was free for.
const LEAST_SENT: f64 = 0.98;

/// How exact the generator has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Highest acceptable 99th percentile of lag while a connection was free; 5 ms by default.
    pub lag: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            lag: Duration::from_millis(5),
        }
    }
}

/// What makes the run invalid, one line each.
pub fn faults(totals: &Totals, limits: &Limits) -> Vec<String> {
    let mut faults = Vec::new();
    let own_lag = totals.own_lag.quantile(0.99).unwrap_or_default();
    if own_lag > limits.lag {
        faults.push(format!(
            "the generator was late while a connection was free: lag p99 {own_lag:.1?}, at most {:?} is valid",
            limits.lag
        ));
    }
    if totals.expired_while_free as f64 > (1.0 - LEAST_SENT) * totals.scheduled as f64 {
        faults.push(format!(
            "{} of {} arrivals were not sent although a connection was free",
            totals.expired_while_free, totals.scheduled
        ));
    }
    let behind = totals.behind.quantile(0.99).unwrap_or_default();
    if behind > limits.lag {
        faults.push(format!(
            "a worker thread had no processor time left and fell behind its schedule: p99 {behind:.1?}, at most {:?} is valid",
            limits.lag
        ));
    }
    faults
}
