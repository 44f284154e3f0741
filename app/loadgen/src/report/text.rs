//! The summary for people.

use std::fmt::{self, Display, Formatter};

use super::{Asked, ByClass, Report};
use crate::ledger::{Class, Quantiles, listed};
use crate::verdict::Outcome;

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write_head(self, f)?;
        writeln!(
            f,
            "\n  ms             mean      p50      p90      p95      p99    p99.9      max"
        )?;
        let times = [self.response, self.service, self.lag];
        for (name, times) in ["response", "service", "lag"].into_iter().zip(times) {
            writeln!(f, "  {name:<10}{}", columns(times))?;
        }
        writeln!(
            f,
            "  Response is the latency from the scheduled send time (done - intended); service is what the target took once\n  \
             it was asked (done - sent); lag is how late it was asked (sent - intended)."
        )?;
        if self.stages.len() > 1 {
            write_stages(self, f)?;
        }
        for threshold in &self.thresholds {
            let word = if threshold.missed { "MISSED" } else { "held" };
            writeln!(f, "  threshold {word:<6}  {threshold}")?;
        }
        let (outcome, expect) = (outcome(self), &self.expect);
        writeln!(
            f,
            "\n{outcome}\n\nWith the defaults, expect on the demo stack: {expect}.\nLook next:"
        )?;
        let mut places = self.look_next.iter();
        places.try_for_each(|place| writeln!(f, "  {place}"))
    }
}

fn write_head(report: &Report, f: &mut Formatter<'_>) -> fmt::Result {
    let Report {
        scenario,
        target,
        asked,
        scheduled,
        sent,
        counts,
        elapsed_seconds,
        ..
    } = report;
    let Asked {
        connections,
        threads,
        timeout_seconds,
        seed,
        spacing,
        ..
    } = asked;
    let load = match asked.rate {
        Some(rate) => format!("open loop, up to {}/s, {spacing}", number(rate)),
        None => {
            "closed loop: each answer lets the next request go, which says nothing about latency at a given rate"
                .into()
        }
    };
    writeln!(f, "{scenario} against {target} ({load}; seed {seed})")?;
    writeln!(
        f,
        "{connections} connections, {threads} threads, timeout {timeout_seconds} s; took {elapsed_seconds:.1} s\n"
    )?;
    let [connect, expired] = [Class::Connect, Class::Expired].map(|class| counts[&class]);
    write!(
        f,
        "  scheduled {scheduled} = sent {sent} + connect {connect} + expired {expired}"
    )?;
    if let Some(achieved) = report.achieved {
        write!(f, "; {:.1} % of the asked rate achieved", achieved * 100.0)?;
    }
    writeln!(f, "; {} answers/s", number(report.answers_per_second))?;
    writeln!(f, "  ended as {}", classes(counts))
}

fn write_stages(report: &Report, f: &mut Formatter<'_>) -> fmt::Result {
    writeln!(
        f,
        "\n  stage      asked/s   p50 ms      p95      p99      max   errors  ended as"
    )?;
    for stage in &report.stages {
        let times = stage
            .response
            .map(|q| [q.p50_seconds, q.p95_seconds, q.p99_seconds, q.max_seconds]);
        let times = times.map_or([None; 4], |times| times.map(Some));
        let times = times.map(|time| format!("{:>9}", cell(time))).concat();
        let asked = stage.asked_rate.map_or_else(|| "-".into(), number);
        let errors = stage
            .error_rate
            .map(|share| format!("{:.1} %", share * 100.0));
        let errors = errors.as_deref().unwrap_or("-");
        let (name, ended) = (&stage.name, classes(&stage.counts));
        writeln!(f, "  {name:<10}{asked:>8}{times}{errors:>9}  {ended}")?;
    }
    Ok(())
}

/// Figures of a distribution, below their heads.
fn columns(times: Option<Quantiles>) -> String {
    let Some(q) = times else {
        return "no samples".into();
    };
    let figures = [
        q.mean_seconds,
        q.p50_seconds,
        q.p90_seconds,
        q.p95_seconds,
        q.p99_seconds,
        q.p99_9_seconds,
        q.max_seconds,
    ];
    let cells = figures.map(|seconds| format!("{:>9}", cell(Some(seconds))));
    cells.concat()
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
