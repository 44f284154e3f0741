//! The summary of a run, as JSON and as text; both from one [`Report`].
//!
//! # The JSON schema, version 2
//! `loadgen --json` prints one [`Report`] object. The fields of the structures here are the schema, their documentation is its
//! documentation. Fields may be added within a version; renaming, removing or changing the meaning of one makes a new
//! version. Times are in seconds and end in `_seconds`; shares lie between 0 and 1; what had no samples is `null`.
//! Two sums always hold: `scheduled = sent + counts.connect + counts.expired` and `scheduled =` the sum of `counts`. (In version 1
//! `sent` counted arrivals for which no connection could be opened.)

mod text;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::ledger::{Class, Quantiles, StageTotals, Totals};
use crate::process::peak_memory_bytes;
use crate::scenario::{Load, Plan};
use crate::schedule::{ArrivalProcess, Stage};
use crate::settings::Settings;
use crate::target::Addresses;
use crate::threshold::Evaluation;
use crate::verdict::{Outcome, Verdict};

/// Version of the JSON schema.
const SCHEMA_VERSION: u32 = 2;

/// Where the stack's own pages are; the ports are the defaults of `.env`.
const LOOK_NEXT: [&str; 3] = [
    "Grafana, queue depth and p95: http://localhost:3000/d/order-service",
    "Prometheus, alerts: http://localhost:9090/alerts",
    "what Prometheus counted: sum by (status) (increase(orders_processed_total[5m]))",
];

/// A run as it was asked for, as it went, and how it is judged.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// 2; see above.
    schema_version: u32,
    scenario: String,
    /// `open` (a schedule decides when to send) or `closed` (the answer to the request before does).
    load: String,
    /// Its URL.
    target: String,
    /// Addresses its name had.
    addresses: Vec<String>,
    asked: Asked,
    outcome: Outcome,
    exit_code: u8,
    /// One line for each thing that is wrong.
    reasons: Vec<String>,
    /// Every threshold, held or missed.
    thresholds: Vec<Evaluation>,
    /// Arrivals the schedule gave out.
    scheduled: u64,
    /// Arrivals that were given to a connection.
    sent: u64,
    /// Arrivals by class; each arrival is in exactly one.
    counts: ByClass<u64>,
    /// Share of arrivals that are not `ok`.
    error_rate: Option<f64>,
    /// Share of the asked rate that was sent, late sending included; `null` in a closed loop.
    achieved: Option<f64>,
    /// Answers per second while the schedule ran: those that came before its end, by its length.
    answers_per_second: f64,
    /// From the start to the end of the schedule, or to where it was stopped.
    asked_seconds: f64,
    /// From the start to the last arrival's end: the tail is waited for.
    elapsed_seconds: f64,
    /// Sent − intended, of everything sent.
    lag: Option<Quantiles>,
    /// The part of the lag during which a connection was free: the generator's own; decides whether the run is valid.
    own_lag: Option<Quantiles>,
    /// Done − sent, of answers and timeouts.
    service: Option<Quantiles>,
    /// Done − intended, of answers, timeouts, expired and connections that hung: the main figure, and what thresholds use.
    response: Option<Quantiles>,
    /// Response times of each class by itself.
    response_by_class: ByClass<Option<Quantiles>>,
    /// The stages by themselves, such as warm-up, storm and recovery.
    stages: Vec<StageReport>,
    /// What the generator itself used.
    generator: Generator,
    /// What the demo stack shows when this scenario runs with its defaults.
    expect: String,
    /// Where to look next.
    look_next: Vec<String>,
}

/// The settings of a run.
#[derive(Debug, Serialize)]
struct Asked {
    /// Arrivals per second at the scenario's peak; `null` in a closed loop.
    rate: Option<f64>,
    duration_seconds: f64,
    connections: usize,
    threads: usize,
    /// Timeout from the intended instant.
    timeout_seconds: f64,
    /// Share of misbehaving orders in the storm; `null` without one.
    share: Option<f64>,
    /// `even` or `poisson`.
    spacing: String,
    seed: u64,
}

type ByClass<T> = BTreeMap<Class, T>;

/// A stage of a run.
#[derive(Debug, Serialize)]
struct StageReport {
    name: String,
    /// Its length, all its pieces together.
    seconds: f64,
    /// Mean asked rate; `null` in a closed loop.
    asked_rate: Option<f64>,
    counts: ByClass<u64>,
    error_rate: Option<f64>,
    service: Option<Quantiles>,
    response: Option<Quantiles>,
}

/// What the generator used.
#[derive(Debug, Serialize)]
struct Generator {
    /// Processor time of the pacing thread as a share of one core.
    pacing_share: f64,
    /// Share of the run in which the busiest worker thread was working or waiting for a processor.
    busiest_worker_share: f64,
    /// Highest resident memory of the process; `null` where the kernel doesn't tell.
    peak_memory_bytes: Option<u64>,
}

impl Report {
    pub(crate) fn new(
        settings: &Settings,
        addresses: &Addresses,
        totals: &Totals,
        verdict: &Verdict,
    ) -> Self {
        let overall = totals.overall();
        let end = totals.end;
        let is_open = end.is_open_loop;
        let elapsed = end.elapsed.as_secs_f64();
        let known = addresses.known();
        Self {
            schema_version: SCHEMA_VERSION,
            scenario: settings.args.scenario.name(),
            load: if is_open { "open" } else { "closed" }.into(),
            target: addresses.server().url(),
            addresses: known.iter().map(ToString::to_string).collect(),
            asked: asked(settings, is_open),
            outcome: verdict.outcome,
            exit_code: verdict.exit.code(),
            reasons: verdict.reasons.clone(),
            thresholds: verdict.evaluations.clone(),
            scheduled: end.scheduled,
            sent: totals.sent(),
            counts: counts(&overall),
            error_rate: totals.error_rate(),
            achieved: totals.achieved(),
            answers_per_second: totals.answers_per_second(),
            asked_seconds: end.asked_for.as_secs_f64(),
            elapsed_seconds: elapsed,
            lag: totals.lag.quantiles(),
            own_lag: totals.own_lag.quantiles(),
            service: overall.service.quantiles(),
            response: overall.responses().quantiles(),
            response_by_class: by_class(|class| overall.response[class as usize].quantiles()),
            stages: stages(&settings.plan, totals),
            generator: Generator {
                pacing_share: end.pacing_cpu.as_secs_f64() / elapsed.max(f64::MIN_POSITIVE),
                busiest_worker_share: end.busiest,
                peak_memory_bytes: peak_memory_bytes(),
            },
            expect: settings.args.scenario.expectation().into(),
            look_next: LOOK_NEXT.map(Into::into).into(),
        }
    }
}

fn asked(settings: &Settings, is_open: bool) -> Asked {
    let has_faults = settings.args.scenario.has_faults();
    let spacing = match settings.process {
        ArrivalProcess::Even => "even",
        ArrivalProcess::Poisson => "poisson",
    };
    Asked {
        rate: is_open.then_some(settings.shape.rate),
        duration_seconds: settings.shape.duration.as_secs_f64(),
        connections: settings.connections,
        threads: settings.threads,
        timeout_seconds: settings.args.timeout.as_secs_f64(),
        share: has_faults.then_some(settings.shape.share),
        spacing: spacing.into(),
        seed: settings.seed,
    }
}

fn stages(plan: &Plan, totals: &Totals) -> Vec<StageReport> {
    let stages = plan.stages.iter().zip(&totals.stages).enumerate();
    let report = |(index, (stage, totals)): (usize, (&Stage, &StageTotals))| {
        let (time, asked) = match &plan.load {
            Load::Open(profile) => profile.share_of(index),
            Load::Closed(time) => (*time, f64::NAN),
        };
        let rate = asked / time.as_secs_f64();
        StageReport {
            name: stage.name.clone(),
            seconds: time.as_secs_f64(),
            asked_rate: rate.is_finite().then_some(rate),
            counts: counts(totals),
            error_rate: totals.error_rate(),
            service: totals.service.quantiles(),
            response: totals.responses().quantiles(),
        }
    };
    stages.map(report).collect()
}

fn counts(totals: &StageTotals) -> ByClass<u64> {
    by_class(|class| totals.counts[class as usize])
}

fn by_class<T>(value: impl Fn(Class) -> T) -> ByClass<T> {
    Class::ALL
        .into_iter()
        .map(|class| (class, value(class)))
        .collect()
}
