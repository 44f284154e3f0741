//! Was it a valid run, and did it pass?
//!
//! [`threshold`] holds the limits people set, [`validity`] the rules by which the generator judges itself, [`exit`] the exit
//! codes. All of it is computed from [`Totals`] alone.

pub mod exit;
pub mod threshold;
pub mod validity;

use serde::{Deserialize, Serialize};

use crate::ledger::{Class, Totals};
pub use exit::{Exit, Interrupt};
pub use threshold::{Judgement, Threshold};
pub use validity::Limits;

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
        let faults = validity::faults(totals, limits);
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
