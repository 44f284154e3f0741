//! The generator's own limits: lag, pacing, highest rate it keeps, memory.

use mock_target::{Mock, Setup};
use serde_json::Value;

use crate::{Result, figure, loadgen, row};

/// `max` is the highest rate of a closed loop.
pub(crate) fn print(max: f64, is_long: bool) -> Result<()> {
    for rate in [1000, 20_000] {
        let report = steady(&format!("--rate {rate} --duration 10s"))?;
        let [p99, mean] =
            ["p99", "mean"].map(|name| figure(&report, &format!("/lag/{name}_seconds")));
        let (p99, mean) = (p99? * 1e3, mean? * 1e3);
        let measured = format!("{p99:.2} ms (mean {mean:.3} ms)");
        let what = format!("lag p99 at {rate}/s");
        row(&what, &measured, "0.5 ms on an idle machine", p99 <= 0.5);
        if rate == 20_000 {
            let share = figure(&report, "/generator/pacing_share")?;
            let measured = format!("{:.1} % of a core", share * 100.0);
            row("pacing at 20000/s", &measured, "under 10 %", share < 0.1);
        }
    }
    highest_rate(max)?;
    memory(100, 16.0, is_long)?;
    memory(1000, 48.0, is_long)
}

fn steady(options: &str) -> Result<Value> {
    let mock = Mock::start(Setup::default())?;
    loadgen(&mock.url(), &format!("steady {options}"))
}

/// Goes down from 0.95 of `max` until a rate is kept.
fn highest_rate(max: f64) -> Result<()> {
    let what = "highest open-loop rate, achieved at least 99 %";
    for share in (6..=19)
        .rev()
        .map(|twentieths| f64::from(twentieths) / 20.0)
    {
        let rate = max * share;
        let report = steady(&format!("--rate {rate:.0} --duration 3s --connections 64"))?;
        if figure(&report, "/achieved")? >= 0.99 {
            let measured = format!("{rate:.0}/s, {share:.2} of own max");
            row(what, &measured, "at least 0.6 of own max", share >= 0.6);
            return Ok(());
        }
    }
    row(
        what,
        "under 0.3 of own max",
        "at least 0.6 of own max",
        false,
    );
    Ok(())
}

/// The peak of ten seconds in megabytes, and on request how much more ten minutes need.
fn memory(connections: u32, limit: f64, is_long: bool) -> Result<()> {
    let peak = |duration: &str| {
        let options = format!("--rate 2000 --duration {duration} --connections {connections}");
        Ok::<_, Box<dyn std::error::Error>>(
            figure(&steady(&options)?, "/generator/peak_memory_bytes")? / 1e6,
        )
    };
    let what = format!("peak resident memory, {connections} connections at 2000/s");
    let short = peak("10s")?;
    let (measured, wanted) = (format!("{short:.1} MB"), format!("{limit} MB"));
    row(&format!("{what}, 10 s"), &measured, &wanted, short <= limit);
    if is_long {
        let more = peak("10m")? - short;
        let (what, measured) = (format!("{what}, 10 min"), format!("{more:+.1} MB"));
        row(
            &what,
            &measured,
            "at most 1 MB more than in 10 s",
            more <= 1.0,
        );
    }
    Ok(())
}
