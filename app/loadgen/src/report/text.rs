//! The summary for people.

use std::fmt::{self, Display, Formatter};

use super::{ByClass, Report};
use crate::ledger::{Class, Quantiles, listed};
use crate::verdict::Outcome;

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let report = self;
        write_head(report, f)?;
        write_times(report, f)?;
        if report.stages.len() > 1 {
            write_stages(report, f)?;
        }
        for threshold in &report.thresholds {
            let word = if threshold.missed { "MISSED" } else { "held" };
            writeln!(f, "  threshold {word:<6}  {threshold}")?;
        }
        writeln!(f, "\n{}", outcome(report))?;
        writeln!(
            f,
            "\nWith the defaults, expect on the demo stack: {}.\nLook next:",
            report.expect
        )?;
        for place in &report.look_next {
            writeln!(f, "  {place}")?;
        }
        Ok(())
    }
}

fn write_head(report: &Report, f: &mut Formatter<'_>) -> fmt::Result {
    let Report {
        asked,
        scheduled,
        sent,
        ..
    } = report;
    let load = match asked.rate {
        Some(rate) => format!("open loop, up to {}/s, {}", number(rate), asked.spacing),
        None => {
            "closed loop: each answer lets the next request go, which says nothing about latency at a given rate"
                .into()
        }
    };
    writeln!(
        f,
        "{} against {} ({load}; seed {})",
        report.scenario, report.target, asked.seed
    )?;
    writeln!(
        f,
        "{} connections, {} threads, timeout {} s; took {:.1} s",
        asked.connections, asked.threads, asked.timeout_seconds, report.elapsed_seconds
    )?;
    write!(
        f,
        "\n  scheduled {scheduled} = sent {sent} + connect {} + expired {}",
        report.counts[&Class::Connect],
        report.counts[&Class::Expired]
    )?;
    if let Some(achieved) = report.achieved {
        write!(f, "; {:.1} % of the asked rate achieved", achieved * 100.0)?;
    }
    writeln!(f, "; {} answers/s", number(report.answers_per_second))?;
    writeln!(f, "  ended as {}", classes(&report.counts))
}

fn write_times(report: &Report, f: &mut Formatter<'_>) -> fmt::Result {
    writeln!(
        f,
        "\n  ms             mean      p50      p90      p95      p99    p99.9      max"
    )?;
    for (name, times) in [
        ("response", report.response),
        ("service", report.service),
        ("lag", report.lag),
    ] {
        writeln!(f, "  {name:<10}{}", columns(times))?;
    }
    writeln!(
        f,
        "  Response is the latency from the scheduled send time (done - intended); service is what the target took once\n  \
             it was asked (done - sent); lag is how late it was asked (sent - intended)."
    )
}

fn write_stages(report: &Report, f: &mut Formatter<'_>) -> fmt::Result {
    writeln!(
        f,
        "\n  {:<10}{:>8}{:>9}{:>9}{:>9}{:>9}{:>9}  ended as",
        "stage", "asked/s", "p50 ms", "p95", "p99", "max", "errors"
    )?;
    for stage in &report.stages {
        let times = stage.response;
        let asked = stage.asked_rate.map_or_else(|| "-".into(), number);
        let errors = stage
            .error_rate
            .map_or_else(|| "-".into(), |share| format!("{:.1} %", share * 100.0));
        writeln!(
            f,
            "  {:<10}{asked:>8}{:>9}{:>9}{:>9}{:>9}{errors:>9}  {}",
            stage.name,
            cell(times.map(|times| times.p50_seconds)),
            cell(times.map(|times| times.p95_seconds)),
            cell(times.map(|times| times.p99_seconds)),
            cell(times.map(|times| times.max_seconds)),
            classes(&stage.counts)
        )?;
    }
    Ok(())
}

/// Figures of a distribution, as the columns of `write_times`.
fn columns(times: Option<Quantiles>) -> String {
    let Some(q) = times else {
        return "no samples".into();
    };
    [
        q.mean_seconds,
        q.p50_seconds,
        q.p90_seconds,
        q.p95_seconds,
        q.p99_seconds,
        q.p99_9_seconds,
        q.max_seconds,
    ]
    .map(|seconds| format!("{:>9}", cell(Some(seconds))))
    .concat()
}

fn classes(counts: &ByClass<u64>) -> String {
    listed(&Class::ALL.map(|class| counts[&class]), "nothing")
}

fn outcome(report: &Report) -> String {
    let reasons = report.reasons.join("; ");
    match report.outcome {
        Outcome::Pass => "PASS".into(),
        Outcome::Failed => format!("FAILED: {reasons}"),
        Outcome::Missed => format!("MISSED: {reasons}"),
        Outcome::Invalid => {
            format!("INVALID, these figures say nothing about the target: {reasons}")
        }
        Outcome::Interrupted => {
            format!("INTERRUPTED: {reasons}; the figures cover what was scheduled until then")
        }
    }
}

/// A time in milliseconds, with the digits that matter.
fn cell(seconds: Option<f64>) -> String {
    match seconds.map(|seconds| seconds * 1000.0) {
        None => "-".into(),
        Some(ms) if ms < 10.0 => format!("{ms:.3}"),
        Some(ms) if ms < 1000.0 => format!("{ms:.1}"),
        Some(ms) => format!("{ms:.0}"),
    }
}

/// A rate: whole when it is.
fn number(value: f64) -> String {
    if value >= 100.0 || (value - value.round()).abs() < 0.05 {
        format!("{value:.0}")
    } else {
        format!("{value:.1}")
    }
}
