//! Was it a valid run, and did it pass?
//!
//! [`threshold`] holds the limits people set; the exit codes are here. All of it is computed from [`Totals`] alone.
//!
//! A run says nothing about its target when the generator itself was too slow. Only what happened while a connection was free, or
//! while a thread was saturated, counts against it: a frozen or overloaded target keeps every connection busy and makes response
//! times long; it never makes a run invalid.

mod threshold;

use std::process::ExitCode;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::ledger::{Class, Totals};
pub use threshold::{BadThreshold, Judgement, Threshold, Unit};

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

/// How a run is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Valid, and every threshold held.
    Pass,
    /// Not one arrival was answered.
    Failed,
    /// A threshold was missed.
    Missed,
    /// The generator could not keep its schedule: the figures say nothing about the target.
    Invalid,
    /// Stopped by a signal; the figures cover what was sent until then.
    Interrupted,
}

/// An outcome with its reasons.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// The outcome.
    pub outcome: Outcome,
    /// One line for each thing that is wrong.
    pub reasons: Vec<String>,
    /// Every threshold, held or missed.
    pub judgements: Vec<Judgement>,
    /// The exit code.
    pub exit: Exit,
}

impl Verdict {
    /// Judges a run. An interrupt outweighs all, an invalid run is no evidence for or against a threshold.
    pub fn new(
        totals: &Totals,
        limits: &Limits,
        thresholds: &[Threshold],
        interrupt: Option<Interrupt>,
    ) -> Self {
        let judgements: Vec<_> = thresholds
            .iter()
            .map(|threshold| threshold.judge(totals))
            .collect();
        let faults = faults(totals, limits);
        let missed: Vec<_> = judgements
            .iter()
            .filter(|judged| judged.missed)
            .map(ToString::to_string)
            .collect();
        let (outcome, reasons, exit) = if let Some(interrupt) = interrupt {
            (
                Outcome::Interrupted,
                vec![format!("stopped by {}", interrupt.name())],
                Exit::Interrupted(interrupt),
            )
        } else if !faults.is_empty() {
            (Outcome::Invalid, faults, Exit::Invalid)
        } else if totals.scheduled > 0
            && !Class::ALL
                .into_iter()
                .any(|class| class.is_answer() && totals.count(class) > 0)
        {
            (
                Outcome::Failed,
                vec!["not one request was answered".into()],
                Exit::Failed,
            )
        } else if missed.is_empty() {
            (Outcome::Pass, Vec::new(), Exit::Pass)
        } else {
            (Outcome::Missed, missed, Exit::Missed)
        };
        Self {
            outcome,
            reasons,
            judgements,
            exit,
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

/// A signal that ends a run early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interrupt {
    /// SIGINT, Ctrl-C.
    Int,
    /// SIGTERM, `docker stop`.
    Term,
}

impl Interrupt {
    /// As in signal(7).
    pub const fn name(self) -> &'static str {
        match self {
            Self::Int => "SIGINT",
            Self::Term => "SIGTERM",
        }
    }
}

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: valid, and every threshold held.
    Pass,
    /// 1: the run could not be made, or nothing was answered.
    Failed,
    /// 2: the command line makes no sense.
    Usage,
    /// 3: a threshold was missed.
    Missed,
    /// 5: the generator could not keep its schedule.
    Invalid,
    /// 130 or 143: stopped by a signal.
    Interrupted(Interrupt),
}

impl Exit {
    /// The number; for signals 128 and the signal's own, as shells have it.
    pub const fn code(self) -> u8 {
        match self {
            Self::Pass => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Missed => 3,
            Self::Invalid => 5,
            Self::Interrupted(Interrupt::Int) => 130,
            Self::Interrupted(Interrupt::Term) => 143,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}
