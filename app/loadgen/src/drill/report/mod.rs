//! The verdict on drills, as JSON and as text; both from one [`Report`].
//!
//! # The JSON schema, version 1
//! `loadgen drill --json` prints one [`Report`], for one drill or several. The fields of the structures here are the schema, their
//! documentation is its documentation. Fields may be added within a version; renaming, removing or changing the meaning of one
//! makes a new version. Times are in seconds and end in `_seconds`, counted from the incident's beginning; moments are RFC 3339,
//! UTC, and end in `_at`; what did not happen is `null`.
//!
//! How it looks to people: [`text`]. How it is filled in: [`build`].

pub mod build;
pub mod text;

use serde::{Deserialize, Serialize};

use crate::ledger::Quantiles;
use crate::report::Counts;

/// Version of the JSON schema.
pub const SCHEMA_VERSION: u32 = 1;

/// How a drill ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every step came, in time.
    Pass,
    /// A step did not.
    Failed,
    /// The stack was not fit for it: nothing was sent.
    NotFit,
    /// It was begun, but proves nothing: the load came too late, or nobody stopped a service.
    Invalid,
    /// A signal ended it.
    Interrupted,
    /// It was only foreseen: `--dry-run`.
    Foreseen,
}

impl Outcome {
    /// Its name in table and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Failed => "failed",
            Self::NotFit => "not_fit",
            Self::Invalid => "invalid",
            Self::Interrupted => "interrupted",
            Self::Foreseen => "foreseen",
        }
    }
}

/// Drills and how they ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// 1; see above.
    pub schema_version: u32,
    /// URL of what was loaded.
    pub target: String,
    /// Seed of everything random.
    pub seed: u64,
    /// Exit code of the program.
    pub exit_code: u8,
    /// In the order in which they were run.
    pub drills: Vec<DrillReport>,
}

/// A drill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DrillReport {
    /// Its name.
    pub name: String,
    /// What it shows.
    pub shows: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Which link is broken, or what stood in the way; one line each.
    pub reasons: Vec<String>,
    /// Alerts that were pending or firing before.
    pub baseline: Vec<String>,
    /// When the incident began; `null` if it did not.
    pub began_at: Option<String>,
    /// From the first question to the verdict.
    pub elapsed_seconds: f64,
    /// Whether the alert was left to end by itself: as asked by `--until delivered`, or because the drill ended before that.
    pub recovery_skipped: bool,
    /// Every step, in the order of the incident.
    pub steps: Vec<StepReport>,
    /// What was sent.
    pub loads: Vec<LoadReport>,
}

/// A step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepReport {
    /// The alert, service or figure it is about.
    pub subject: String,
    /// What had to be seen.
    pub step: String,
    /// `seen`, `failed`, `waiting` (it was still waited for), `not_reached` (a step before it failed) or `skipped`.
    pub result: String,
    /// Not expected before; `null` where it has no promised time.
    pub expected_from_seconds: Option<f64>,
    /// Not expected after.
    pub expected_to_seconds: Option<f64>,
    /// When it was seen.
    pub seen_seconds: Option<f64>,
    /// The same as a moment.
    pub seen_at: Option<String>,
    /// Who says so.
    pub source: String,
    /// What else is worth knowing.
    pub detail: Option<String>,
}

/// A load that was part of a drill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoadReport {
    /// `storm` or `recovery`.
    pub name: String,
    /// Orders per second.
    pub rate: f64,
    /// The share that was to misbehave.
    pub share: f64,
    /// How long it was sent.
    pub asked_seconds: f64,
    /// Orders that were due.
    pub scheduled: u64,
    /// Orders that were sent.
    pub sent: u64,
    /// Orders by how they ended.
    pub counts: Counts,
    /// The generator's own lateness; decides whether the drill is valid.
    pub own_lag: Option<Quantiles>,
    /// Done − intended.
    pub response: Option<Quantiles>,
}
