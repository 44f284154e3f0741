//! Freeze, overload, burst and ramp: measured times beside the formulas, with the target's own figures of the same run.
//!
//! Freeze of S in a run of T, service time b, ρ = rate / drain rate: L(p) = max(b, S − (1 − p)·T·(1 − ρ)), mean
//! b + S²/(2T(1 − ρ)). Overload: L(p) = p·T·(λ/μ − 1). Burst of B: L(p) = p·B/μ.

use std::time::{Duration, Instant};

use loadgen::ledger::Class;
use mock_target::Setup;

use crate::measure::{Measured, Result, Setting, answer_rate, flat, measure};
use crate::row::Row;

/// All rows of this part.
pub(crate) fn rows() -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for connections in [1200, 10] {
        rows.extend(freeze(connections)?);
    }
    rows.push(overload()?);
    rows.push(endless_freeze()?);
    rows.push(burst()?);
    rows.push(ramp()?);
    Ok(rows)
}

/// Within 2 % or 15 ms.
fn is_close(measured: f64, formula: f64) -> bool {
    (measured - formula).abs() <= (formula * 0.02).max(0.015)
}

fn ms(seconds: &[f64]) -> String {
    let figures: Vec<_> = seconds
        .iter()
        .map(|seconds| format!("{:.1}", seconds * 1000.0))
        .collect();
    format!("{} ms", figures.join(" / "))
}

fn freeze(connections: usize) -> Result<Vec<Row>> {
    let setup = Setup {
        service_time: Duration::from_millis(1),
        ..Setup::default()
    };
    let freeze = Some((Duration::from_secs(5), Duration::from_secs(1)));
    let setting = Setting {
        setup,
        segment: flat(10.0, 1000.0, 1000.0),
        connections,
        timeout: Duration::from_secs(30),
        freeze,
    };
    let run = measure(setting)?;
    let (begin, end) = *run.log.freezes.first().ok_or("the target did not freeze")?;
    let stall = end.duration_since(begin).as_secs_f64();
    let base = run.service.p50_seconds;
    let rest = 1.0 - 1000.0 / drain_rate(&run, begin, end, base);
    let formula = |share: f64| (stall - (1.0 - share) * 10.0 * rest).max(base);
    let wanted = [formula(0.95), formula(0.99), formula(0.999), stall + base];
    let r = run.response;
    let measured = [r.p95_seconds, r.p99_seconds, r.p99_9_seconds, r.max_seconds];
    let is_met = measured
        .iter()
        .zip(wanted)
        .all(|(measured, formula)| is_close(*measured, formula));
    let mean = base + stall * stall / (2.0 * 10.0 * rest);
    let what = |rest: &str| format!("freeze of 1 s, {connections} connections: {rest}");
    let mut rows = vec![
        Row::new(
            what("p95 / p99 / p99.9 / max"),
            ms(&measured),
            format!("{}, 2 % or 15 ms", ms(&wanted)),
            is_met,
        ),
        Row::new(
            what("mean"),
            ms(&[r.mean_seconds]),
            format!("{}, 5 %", ms(&[mean])),
            (r.mean_seconds - mean).abs() <= mean * 0.05,
        ),
        Row::new(
            what("p50 against service p50"),
            ms(&[r.p50_seconds]),
            format!("{}, 0.3 ms", ms(&[base])),
            (r.p50_seconds - base).abs() <= 0.0003,
        ),
    ];
    if connections == 10 {
        let p99 = run.service.p99_seconds;
        rows.push(Row::new(
            what("service p99"),
            ms(&[p99]),
            "under 5 ms".into(),
            p99 < 0.005,
        ));
    }
    Ok(rows)
}

/// Answers per second between the freeze's end and the moment the target had caught up with the schedule.
fn drain_rate(run: &Measured, begin: Instant, end: Instant, base: f64) -> f64 {
    let answers = run.log.answers.as_deref().unwrap_or_default();
    let before = answers.partition_point(|answer| *answer <= begin);
    let caught_up = (0_u32..).zip(answers).skip(before).find(|(k, answer)| {
        let intended = run.start + Duration::from_millis((*k).into());
        **answer > end && answer.saturating_duration_since(intended).as_secs_f64() <= base + 0.002
    });
    let Some((k, answer)) = caught_up else {
        return f64::INFINITY;
    };
    let drained = f64::from(k) - f64::from(u32::try_from(before).unwrap_or(u32::MAX));
    drained / answer.duration_since(end).as_secs_f64()
}

fn overload() -> Result<Row> {
    let setup = Setup {
        answers_per_second: Some(800.0),
        ..Setup::default()
    };
    let run = measure(Setting {
        setup,
        segment: flat(10.0, 1000.0, 1000.0),
        connections: 2500,
        timeout: Duration::from_secs(30),
        freeze: None,
    })?;
    let served = answer_rate(&run.log)?;
    let wanted = [0.5, 0.95, 0.99].map(|share| share * 10.0 * (1000.0 / served - 1.0));
    let measured = [
        run.response.p50_seconds,
        run.response.p95_seconds,
        run.response.p99_seconds,
    ];
    let is_met = measured
        .iter()
        .zip(wanted)
        .all(|(measured, formula)| is_close(*measured, formula));
    let what = format!("overload, 1000/s against {served:.0}/s: p50 / p95 / p99");
    Ok(Row::new(
        what,
        ms(&measured),
        format!("{}, 2 % or 15 ms", ms(&wanted)),
        is_met,
    ))
}

fn endless_freeze() -> Result<Row> {
    let run = measure(Setting {
        setup: Setup::default(),
        segment: flat(4.0, 1000.0, 1000.0),
        connections: 100,
        timeout: Duration::from_secs(1),
        freeze: Some((Duration::from_secs(2), Duration::from_hours(1))),
    })?;
    let late = run.totals.count(Class::Timeout) + run.totals.count(Class::Expired);
    let r = run.response;
    let is_met = late.abs_diff(2000) <= 40
        && (r.p99_seconds - 1.0).abs() <= 0.001
        && (r.max_seconds - 1.0).abs() <= 0.001;
    Ok(Row::new(
        "a freeze that never ends, timeout 1 s: timeouts + expired, p99 / max",
        format!("{late}, {}", ms(&[r.p99_seconds, r.max_seconds])),
        "2000, 1000.0 / 1000.0 ms".into(),
        is_met,
    ))
}

fn burst() -> Result<Row> {
    let setup = Setup {
        answers_per_second: Some(1000.0),
        ..Setup::default()
    };
    let segment = flat(0.000_01, 5e7, 5e7);
    let run = measure(Setting {
        setup,
        segment,
        connections: 500,
        timeout: Duration::from_secs(30),
        freeze: None,
    })?;
    let served = answer_rate(&run.log)?;
    let wanted = [0.5, 0.95, 0.99].map(|share| share * 500.0 / served);
    let measured = [
        run.response.p50_seconds,
        run.response.p95_seconds,
        run.response.p99_seconds,
    ];
    let is_met = measured
        .iter()
        .zip(wanted)
        .all(|(measured, formula)| is_close(*measured, formula));
    let what = format!("burst of 500 against {served:.0}/s: p50 / p95 / p99");
    Ok(Row::new(
        what,
        ms(&measured),
        format!("{}, 2 % or 15 ms", ms(&wanted)),
        is_met,
    ))
}

fn ramp() -> Result<Row> {
    let run = measure(Setting {
        setup: Setup::default(),
        segment: flat(10.0, 0.0, 1000.0),
        connections: 100,
        timeout: Duration::from_secs(30),
        freeze: None,
    })?;
    let answers = run.log.answers.as_deref().unwrap_or_default();
    let first = answers.partition_point(|answer| {
        answer.saturating_duration_since(run.start) < Duration::from_secs(1)
    });
    Ok(Row::new(
        "ramp 0 to 1000/s in 10 s: arrivals, in the first second",
        format!("{}, {first}", run.totals.scheduled),
        "5000, 50".into(),
        run.totals.scheduled == 5000 && first.abs_diff(50) <= 1,
    ))
}
