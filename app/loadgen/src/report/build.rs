//! From accounts and verdict to a [`Report`].

use std::time::Duration;

use super::{Asked, ByClass, Counts, Generator, Report, SCHEMA_VERSION, StageReport};
use crate::ledger::{Class, StageTotals, Totals};
use crate::scenario::Load;
use crate::schedule::Spacing;
use crate::settings::Settings;
use crate::target::{Server, Target};
use crate::verdict::Verdict;

/// Where the stack's own pages are; the ports are the defaults of `.env`.
const LOOK_NEXT: [&str; 3] = [
    "Grafana, queue depth and p95: http://localhost:3000/d/order-service",
    "Prometheus, alerts: http://localhost:9090/alerts",
    "what Prometheus counted: sum by (status) (increase(orders_processed_total[5m]))",
];

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
