//! The summary of a run, as JSON and as text; both from one [`Report`].
//!
//! # The JSON schema, version 2
//! `loadgen --json` prints one [`Report`] object. The fields of the structures here are the schema, their documentation is its
//! documentation. Fields may be added within a version; renaming, removing or changing the meaning of one makes a new
//! version. Times are in seconds and end in `_seconds`; shares lie between 0 and 1; what had no samples is `null`.
//! Two sums always hold: `scheduled = sent + counts.connect + counts.expired` and `scheduled =` the sum of `counts`. (In version 1
//! `sent` counted arrivals for which no connection could be opened.)
//!
//! How it is filled in: [`build`]. How it looks to people: [`text`].

pub mod build;
pub mod text;

use serde::{Deserialize, Serialize};

use crate::ledger::Quantiles;
use crate::verdict::{Judgement, Outcome};

/// Version of the JSON schema.
pub const SCHEMA_VERSION: u32 = 2;

/// A run as it was asked for, as it went, and how it is judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// 2; see above.
    pub schema_version: u32,
    /// Name of the scenario.
    pub scenario: String,
    /// `open` (a schedule decides when to send) or `closed` (the answer to the request before does).
    pub load: String,
    /// URL of the target.
    pub target: String,
    /// Addresses its name had.
    pub addresses: Vec<String>,
    /// What was asked for.
    pub asked: Asked,
    /// How it is judged.
    pub outcome: Outcome,
    /// Exit code of the program.
    pub exit_code: u8,
    /// One line for each thing that is wrong.
    pub reasons: Vec<String>,
    /// Every threshold, held or missed.
    pub thresholds: Vec<Judgement>,
    /// Arrivals the schedule gave out.
    pub scheduled: u64,
    /// Arrivals that were given to a connection.
    pub sent: u64,
    /// Arrivals by class; each arrival is in exactly one.
    pub counts: Counts,
    /// Share of arrivals that are not `ok`.
    pub error_rate: Option<f64>,
    /// Share of the asked rate that was sent, late sending included; `null` in a closed loop.
    pub achieved: Option<f64>,
    /// Answers per second while the schedule ran: those that came before its end, by its length.
    pub answers_per_second: f64,
    /// From the start to the end of the schedule, or to where it was stopped.
    pub asked_seconds: f64,
    /// From the start to the last arrival's end: the tail is waited for.
    pub elapsed_seconds: f64,
    /// Sent − intended, of everything sent.
    pub lag: Option<Quantiles>,
    /// The part of the lag during which a connection was free: the generator's own; decides whether the run is valid.
    pub own_lag: Option<Quantiles>,
    /// Done − sent, of answers and timeouts.
    pub service: Option<Quantiles>,
    /// Done − intended, of answers, timeouts, expired and connections that hung: the main figure, and what thresholds use.
    pub response: Option<Quantiles>,
    /// Response times of each class by itself.
    pub response_by_class: ByClass<Option<Quantiles>>,
    /// The stages by themselves, such as warm-up, storm and recovery.
    pub stages: Vec<StageReport>,
    /// What the generator itself used.
    pub generator: Generator,
    /// What the demo stack shows when this scenario runs with its defaults.
    pub expect: String,
    /// Where to look next.
    pub look_next: Vec<String>,
}

/// The settings of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    /// Arrivals per second at the scenario's peak; `null` in a closed loop.
    pub rate: Option<f64>,
    /// Its length.
    pub duration_seconds: f64,
    /// Connections.
    pub connections: usize,
    /// Worker threads.
    pub threads: usize,
    /// Timeout from the intended instant.
    pub timeout_seconds: f64,
    /// Share of misbehaving orders in the storm; `null` without one.
    pub share: Option<f64>,
    /// `even` or `poisson`.
    pub spacing: String,
    /// Seed of everything random.
    pub seed: u64,
}

/// One value for each class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ByClass<T> {
    /// Answered, status below 400.
    pub ok: T,
    /// Answered, status 400 to 499.
    pub http_4xx: T,
    /// Answered, status 500 and above.
    pub http_5xx: T,
    /// Sent, no complete answer before the timeout.
    pub timeout: T,
    /// Never sent: no connection could be opened, or not in time.
    pub connect: T,
    /// The connection broke, or what came back was not HTTP.
    pub reset: T,
    /// Never sent: every connection was busy until the timeout.
    pub expired: T,
}

pub(crate) type Counts = ByClass<u64>;

/// A stage of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StageReport {
    /// Its name.
    pub name: String,
    /// Its length, all its pieces together.
    pub seconds: f64,
    /// Mean asked rate; `null` in a closed loop.
    pub asked_rate: Option<f64>,
    /// Arrivals by class.
    pub counts: Counts,
    /// Share of its arrivals that are not `ok`.
    pub error_rate: Option<f64>,
    /// Done − sent.
    pub service: Option<Quantiles>,
    /// Done − intended.
    pub response: Option<Quantiles>,
}

/// What the generator used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Generator {
    /// Processor time of the pacing thread as a share of one core.
    pub pacing_share: f64,
    /// Share of the run in which the busiest worker thread was working or waiting for a processor.
    pub busiest_worker_share: f64,
    /// Highest resident memory of the process; `null` where the kernel doesn't tell.
    pub peak_memory_bytes: Option<u64>,
}
