//! Freeze, overload, burst and ramp: measured times beside the formulas, with the target's own figures of the same run.
//!
//! Freeze of S in a run of T, service time b, ρ = rate / drain rate: L(p) = max(b, S − (1 − p)·T·(1 − ρ)), mean
//! b + S²/(2T(1 − ρ)). Overload: L(p) = p·T·(λ/μ − 1). Burst of B: L(p) = p·B/μ.

use std::time::{Duration, Instant};

use mock_target::{Log, Mock, Setup};
use serde_json::Value;

use crate::{Result, figure, loadgen, row};

pub(crate) fn print() -> Result<()> {
    freeze(1200)?;
    freeze(10)?;
    let overload = "steady --rate 1000 --duration 10s";
    saturated("overload, 1000/s", overload, 800.0, |served| {
        10.0 * (1000.0 / served - 1.0)
    })?;
    let burst = "steady --rate 1000000 --duration 500us";
    saturated("burst of 500", burst, 1000.0, |served| 500.0 / served)?;
    endless_freeze()?;
    ramp()
}

/// A run against a target, which may freeze meanwhile: the summary and what the target did.
fn run(setup: Setup, typed: &str, freeze: Option<(u64, Duration)>) -> Result<(Value, Log)> {
    let mock = Mock::start(setup)?;
    mock.log_answers();
    if let Some((second, length)) = freeze {
        mock.freeze(Instant::now() + Duration::from_secs(second), length);
    }
    let report = loadgen(&mock.url(), typed)?;
    Ok((report, mock.log()))
}

fn response(report: &Value, names: &[&str]) -> Result<Vec<f64>> {
    let names = names.iter();
    names
        .map(|name| figure(report, &format!("/response/{name}_seconds")))
        .collect()
}

fn ms(seconds: &[f64]) -> String {
    let figures = seconds.iter().map(|it| format!("{:.1}", it * 1000.0));
    format!("{} ms", figures.collect::<Vec<_>>().join(" / "))
}

/// A row of times that should lie within 2 % or 15 ms of the formulas.
fn compare(what: &str, measured: &[f64], formulas: &[f64]) {
    let mut pairs = measured.iter().zip(formulas);
    let is_met =
        pairs.all(|(measured, formula)| (measured - formula).abs() <= (formula * 0.02).max(0.015));
    let wanted = format!("{}, 2 % or 15 ms", ms(formulas));
    row(what, &ms(measured), &wanted, is_met);
}

fn freeze(connections: u32) -> Result<()> {
    let setup = Setup {
        service_time: Duration::from_millis(1),
        ..Setup::default()
    };
    let typed = format!(
        "steady --rate 1000 --duration 10s --threads 1 --timeout 30s --connections {connections}"
    );
    let (report, log) = run(setup, &typed, Some((5, Duration::from_secs(1))))?;
    let (begin, end) = *log.freezes.first().ok_or("the target did not freeze")?;
    let stall = end.duration_since(begin).as_secs_f64();
    let base = figure(&report, "/service/p50_seconds")?;
    let rest = 1.0 - 1000.0 / drain_rate(&log, begin, end, base)?;
    let formula = |share: f64| (stall - (1.0 - share) * 10.0 * rest).max(base);
    let what = |rest: &str| format!("freeze of 1 s, {connections} connections: {rest}");
    compare(
        &what("p95 / p99 / p99.9 / max"),
        &response(&report, &["p95", "p99", "p99_9", "max"])?,
        &[formula(0.95), formula(0.99), formula(0.999), stall + base],
    );
    let mean = base + stall * stall / (2.0 * 10.0 * rest);
    let found = response(&report, &["mean", "p50"])?;
    let (is_met, wanted) = ((found[0] - mean).abs() <= mean * 0.05, ms(&[mean]));
    row(
        &what("mean"),
        &ms(&found[..1]),
        &format!("{wanted}, 5 %"),
        is_met,
    );
    let (is_met, wanted) = ((found[1] - base).abs() <= 0.0003, ms(&[base]));
    let p50 = what("p50 against service p50");
    row(&p50, &ms(&found[1..]), &format!("{wanted}, 0.3 ms"), is_met);
    if connections == 10 {
        let p99 = figure(&report, "/service/p99_seconds")?;
        row(&what("service p99"), &ms(&[p99]), "under 5 ms", p99 < 0.005);
    }
    Ok(())
}

/// Answers per second between the freeze's end and the moment the target had caught up with the schedule.
fn drain_rate(log: &Log, begin: Instant, end: Instant, base: f64) -> Result<f64> {
    let answers = log.answers.as_deref().unwrap_or_default();
    let first = *answers.first().ok_or("no answers")?;
    let before = answers.partition_point(|answer| *answer <= begin);
    let caught_up = (0_u32..).zip(answers).skip(before).find(|(k, answer)| {
        // The first was due at zero and is answered `base` later, if nothing delays it.
        let due = first + Duration::from_millis((*k).into());
        **answer > end && answer.saturating_duration_since(due).as_secs_f64() <= 0.002 + base
    });
    Ok(caught_up.map_or(f64::INFINITY, |(k, answer)| {
        (f64::from(k) - before as f64) / answer.duration_since(end).as_secs_f64()
    }))
}

/// A target that answers one after another; `longest` is what the last arrival waits, as a formula of the measured rate.
fn saturated(
    what: &str,
    typed: &str,
    answers_per_second: f64,
    longest: impl Fn(f64) -> f64,
) -> Result<()> {
    let setup = Setup {
        answers_per_second: Some(answers_per_second),
        ..Setup::default()
    };
    let typed = format!("{typed} --threads 1 --timeout 30s --connections 2500");
    let (report, log) = run(setup, &typed, None)?;
    // From the middle nine tenths of the answers: the last few of a short run may be held up by anything.
    let answers = log.answers.as_deref().unwrap_or_default();
    let (from, to) = (answers.len() / 20, answers.len() * 19 / 20);
    let (first, last) = answers.get(from).zip(answers.get(to)).ok_or("no answers")?;
    let served = (to - from) as f64 / last.duration_since(*first).as_secs_f64();
    compare(
        &format!("{what} against {served:.0}/s: p50 / p95 / p99"),
        &response(&report, &["p50", "p95", "p99"])?,
        &[0.5, 0.95, 0.99].map(|share| share * longest(served)),
    );
    Ok(())
}

fn endless_freeze() -> Result<()> {
    let typed = "steady --rate 1000 --duration 4s --threads 1 --timeout 1s";
    let freeze = Some((2, Duration::from_hours(1)));
    let (report, _) = run(Setup::default(), typed, freeze)?;
    let late = figure(&report, "/counts/timeout")? + figure(&report, "/counts/expired")?;
    let found = response(&report, &["p99", "max"])?;
    // The freeze begins 2 s after the program is started, the schedule a little later.
    let is_met = (late - 2000.0).abs() <= 60.0 && found.iter().all(|it| (it - 1.0).abs() <= 0.001);
    row(
        "a freeze that never ends, timeout 1 s: timeouts + expired, p99 / max",
        &format!("{late}, {}", ms(&found)),
        "2000 to 2060, 1000.0 / 1000.0 ms",
        is_met,
    );
    Ok(())
}

fn ramp() -> Result<()> {
    let typed = "ramp --rate 1000 --duration 10s --threads 1 --connections 100";
    let (report, log) = run(Setup::default(), typed, None)?;
    let answers = log.answers.as_deref().unwrap_or_default();
    let first = *answers.first().ok_or("no answers")?;
    let early = answers.partition_point(|answer| *answer < first + Duration::from_secs(1));
    let scheduled = figure(&report, "/scheduled")?;
    row(
        "ramp 0 to 1000/s in 10 s: arrivals, in the first second",
        &format!("{scheduled}, {early}"),
        "5000, 50",
        (scheduled - 5000.0).abs() < 0.5 && early.abs_diff(50) <= 1,
    );
    Ok(())
}
