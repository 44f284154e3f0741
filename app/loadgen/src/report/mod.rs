//! The summary of a run, as JSON and as text; both from one [`Report`].
//!
//! # The JSON schema, version 2
//! `loadgen --json` prints one [`Report`] object. The fields of the structures here are the schema, their documentation is its
//! documentation. Fields may be added within a version; renaming, removing or changing the meaning of one makes a new
//! version. Times are in seconds and end in `_seconds`; shares lie between 0 and 1; what had no samples is `null`.
//! Two sums always hold: `scheduled = sent + counts.connect + counts.expired` and `scheduled =` the sum of `counts`. (In version 1
//! `sent` counted arrivals for which no connection could be opened.)
//!
//! How it looks to people: [`text`].

pub(crate) mod text;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::ledger::{Class, Quantiles, StageTotals, Totals};
use crate::scenario::Load;
use crate::schedule::Spacing;
use crate::settings::Settings;
use crate::target::{Server, Target};
use crate::verdict::{Judgement, Outcome, Verdict};

/// Version of the JSON schema.
pub const SCHEMA_VERSION: u32 = 2;

/// Where the stack's own pages are; the ports are the defaults of `.env`.
const LOOK_NEXT: [&str; 3] = [
    "Grafana, queue depth and p95: http://localhost:3000/d/order-service",
    "Prometheus, alerts: http://localhost:9090/alerts",
    "what Prometheus counted: sum by (status) (increase(orders_processed_total[5m]))",
];

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

/// What a report is made from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sources<'a> {
    pub settings: &'a Settings,
    /// The server, as asked or found.
    pub server: &'a Server,
    pub target: &'a Target,
    pub totals: &'a Totals,
    pub verdict: &'a Verdict,
}

impl Report {
    pub(crate) fn new(sources: Sources<'_>) -> Self {
        let Sources {
            settings,
            server,
            target,
            totals,
            verdict,
        } = sources;
        let overall = totals.overall();
        let is_open = totals.is_open_loop;
        let elapsed = totals.elapsed.as_secs_f64().max(f64::MIN_POSITIVE);
        Self {
            schema_version: SCHEMA_VERSION,
            scenario: settings.scenario.name().into(),
            load: if is_open { "open" } else { "closed" }.into(),
            target: server.url(),
            addresses: target
                .addresses
                .known()
                .iter()
                .map(ToString::to_string)
                .collect(),
            asked: asked(settings, is_open),
            outcome: verdict.outcome,
            exit_code: verdict.exit.code(),
            reasons: verdict.reasons.clone(),
            thresholds: verdict.judgements.clone(),
            scheduled: totals.scheduled,
            sent: totals.sent(),
            counts: counts(&overall),
            error_rate: totals.error_rate(),
            achieved: totals.achieved().filter(|_| is_open),
            answers_per_second: totals.answers_per_second(),
            asked_seconds: totals.asked_for.as_secs_f64(),
            elapsed_seconds: totals.elapsed.as_secs_f64(),
            lag: totals.lag.quantiles(),
            own_lag: totals.own_lag.quantiles(),
            service: overall.service.quantiles(),
            response: overall.responses().quantiles(),
            response_by_class: by_class(|class| overall.response[class as usize].quantiles()),
            stages: stages(settings, totals),
            generator: Generator {
                pacing_share: totals.pacing_cpu.as_secs_f64() / elapsed,
                busiest_worker_share: totals.busiest,
                peak_memory_bytes: peak_memory(),
            },
            expect: settings.scenario.expectation().into(),
            look_next: LOOK_NEXT.map(Into::into).into(),
        }
    }
}

fn asked(settings: &Settings, is_open: bool) -> Asked {
    Asked {
        rate: is_open.then_some(settings.shape.rate),
        duration_seconds: settings.shape.duration.as_secs_f64(),
        connections: settings.connections,
        threads: settings.threads,
        timeout_seconds: settings.timeout.as_secs_f64(),
        share: settings
            .scenario
            .has_faults()
            .then_some(settings.shape.share),
        spacing: match settings.spacing {
            Spacing::Even => "even",
            Spacing::Poisson => "poisson",
        }
        .into(),
        seed: settings.seed,
    }
}

fn stages(settings: &Settings, totals: &Totals) -> Vec<StageReport> {
    let reports = settings
        .plan
        .stages
        .iter()
        .zip(&totals.stages)
        .enumerate()
        .map(|(index, (stage, accounts))| {
            let (time, expected) = match &settings.plan.load {
                Load::Open(profile) => profile.share_of(index),
                Load::Closed(time) => (*time, 0.0),
            };
            StageReport {
                name: stage.name.clone(),
                seconds: time.as_secs_f64(),
                asked_rate: (totals.is_open_loop && time > Duration::ZERO)
                    .then(|| expected / time.as_secs_f64()),
                counts: counts(accounts),
                error_rate: accounts.error_rate(),
                service: accounts.service.quantiles(),
                response: accounts.responses().quantiles(),
            }
        });
    reports.collect()
}

fn counts(accounts: &StageTotals) -> Counts {
    by_class(|class| accounts.count(class))
}

fn by_class<T>(value: impl Fn(Class) -> T) -> ByClass<T> {
    ByClass {
        ok: value(Class::Ok),
        http_4xx: value(Class::Http4xx),
        http_5xx: value(Class::Http5xx),
        timeout: value(Class::Timeout),
        connect: value(Class::Connect),
        reset: value(Class::Reset),
        expired: value(Class::Expired),
    }
}

/// `VmHWM` of proc(5), in KiB there.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim()
        .strip_suffix(" kB")?
        .trim()
        .parse::<u64>()
        .ok()
        .map(|kib| kib * 1024)
}
