//! Without `sum()` a division matches series label by label: failures are divided by failures.

use anyhow::Result;
use stack::prometheus::now;

use crate::bench::{Bench, window_since};
use crate::screen::say;

/// What is sent: exactly one order in ten fails.
const ORDERS: &str = "count=200&error_rate=0.1";
const COUNT: u32 = 200;

pub(super) fn run(bench: &Bench) -> Result<()> {
    // Before the window that is looked at, too: rate() does not extrapolate a counter to below 0, which would show in a counter
    // that has just left it.
    send(bench)?;
    bench.scraped()?;
    let started = now();
    bench.scraped()?;
    let before = bench.finished()?;
    send(bench)?;
    bench.scraped()?;
    bench.expect_alone(before, COUNT)?;

    let w = window_since(started);
    let naive = bench.show(
        &format!("rate(orders_processed_total{{status=\"failure\"}}[{w}]) / rate(orders_processed_total[{w}])"),
        "Both sides keep the label `status`, so failures are divided by failures: always 1.",
    )?;
    let right = bench.show(
        &format!("sum(rate(orders_processed_total{{status=\"failure\"}}[{w}])) / sum(rate(orders_processed_total[{w}]))"),
        "sum() drops the labels first: failures divided by all orders.",
    )?;

    bench.claim("without sum() it reads 1", (naive - 1.0).abs() < 1e-9);
    bench.claim("with sum() it reads 0.1", (right - 0.1).abs() < 0.005);
    Ok(())
}

fn send(bench: &Bench) -> Result<()> {
    say(&format!("sends   POST /simulate?{ORDERS}"));
    let summary = bench.simulate(ORDERS)?;
    let (failed, all) = (&summary["failed"], &summary["requested"]);
    say(&format!(
        "answers {failed} of {all} orders failed: the truth is 0.1\n"
    ));
    Ok(())
}
