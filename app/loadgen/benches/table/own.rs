//! The generator's own limits: lag, pacing, highest rate it keeps, memory.

use std::error::Error;

use loadgen::report::Report;
use mock_target::{Mock, Setup};

use crate::peers::own_run;
use crate::row::Row;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const MEGABYTE: f64 = 1e6;

/// All rows of this part.
pub(crate) fn rows(max: f64, is_long: bool) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for rate in ["1000", "20000"] {
        rows.extend(lag(rate)?);
    }
    rows.push(highest_rate(max)?);
    for (connections, limit) in [("100", 16), ("1000", 48)] {
        rows.extend(memory(connections, limit, is_long)?);
    }
    Ok(rows)
}

fn steady(rate: &str, duration: &str, connections: &str) -> Result<Report> {
    let mock = Mock::start(Setup::default())?;
    own_run(
        &mock.url(),
        &[
            "steady",
            "--rate",
            rate,
            "--duration",
            duration,
            "--connections",
            connections,
        ],
    )
}

fn lag(rate: &str) -> Result<Vec<Row>> {
    let report = steady(rate, "10s", "100")?;
    let lag = report.lag.ok_or("nothing was sent")?;
    let mut rows = vec![Row::new(
        format!("lag p99 at {rate}/s"),
        format!(
            "{:.2} ms (mean {:.3} ms)",
            lag.p99_seconds * 1e3,
            lag.mean_seconds * 1e3
        ),
        "0.5 ms on an idle machine".into(),
        lag.p99_seconds <= 0.0005,
    )];
    if rate == "20000" {
        let share = report.generator.pacing_share;
        rows.push(Row::new(
            "pacing at 20000/s",
            format!("{:.1} % of a core", share * 100.0),
            "under 10 %".into(),
            share < 0.1,
        ));
    }
    Ok(rows)
}

/// Goes down from 0.95 of `max` until a rate is kept.
fn highest_rate(max: f64) -> Result<Row> {
    for twentieths in (6..=19_u32).rev() {
        let share = f64::from(twentieths) / 20.0;
        let rate = format!("{:.0}", max * share);
        let achieved = steady(&rate, "3s", "64")?
            .achieved
            .ok_or("nothing was scheduled")?;
        if achieved >= 0.99 {
            return Ok(Row::new(
                "highest open-loop rate, achieved at least 99 %",
                format!("{rate}/s, {share:.2} of own max"),
                "at least 0.6 of own max".into(),
                share >= 0.6,
            ));
        }
    }
    Ok(Row::new(
        "highest open-loop rate",
        "under 0.3 of own max".into(),
        "at least 0.6 of own max".into(),
        false,
    ))
}

/// The peak of ten seconds, and on request how much more ten minutes need.
fn memory(connections: &str, limit: u64, is_long: bool) -> Result<Vec<Row>> {
    let what = format!("peak resident memory, {connections} connections at 2000/s");
    let short = peak_memory(connections, "10s")?;
    let mut rows = vec![Row::new(
        format!("{what}, 10 s"),
        format!("{:.1} MB", short as f64 / MEGABYTE),
        format!("{limit} MB"),
        short <= limit * 1_000_000,
    )];
    if is_long {
        let more = peak_memory(connections, "10m")? as f64 - short as f64;
        rows.push(Row::new(
            format!("{what}, 10 min"),
            format!("{:+.1} MB", more / MEGABYTE),
            "at most 1 MB more than in 10 s".into(),
            more <= MEGABYTE,
        ));
    }
    Ok(rows)
}

fn peak_memory(connections: &str, duration: &str) -> Result<u64> {
    let generator = steady("2000", duration, connections)?.generator;
    generator
        .peak_memory_bytes
        .ok_or("the kernel doesn't tell the memory".into())
}
