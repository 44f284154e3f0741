//! Little's law: what waits is the arrival rate times the wait. On a closed loop both sides are known beforehand, since a
//! connection waits for its answer: what no worker processes is in the queue.

use std::time::Duration;

use anyhow::{Context, Result};

use crate::bench::Bench;
use crate::screen::{number, waiting};

const CONNECTIONS: [u32; 3] = [64, 96, 256];
const LOAD: Duration = Duration::from_mins(1);
/// Seven scrapes within the load.
const WINDOW: Duration = Duration::from_secs(35);
/// From the moment the load is seen: the window, and a scrape before it.
const LOOKED_AT_AFTER: Duration = Duration::from_secs(42);
/// How far off a product of measured figures may be.
const TOLERANCE: f64 = 0.1;

pub(super) fn run(bench: &Bench) -> Result<()> {
    let workers = bench.show(
        "sum(order_workers)",
        "The workers process this many orders at the same time; all others wait in the queue.",
    )?;
    for connections in CONNECTIONS {
        let expected = f64::from(connections) - workers;
        // Or the load before would be taken for this one.
        let idle = format!("sum(order_workers_busy) < {workers} / 2");
        bench.wait_for("the workers are idle", Duration::from_mins(1), &idle)?;
        let load = format!("max --connections {connections}");
        let look = || look(bench, workers, expected);
        let (report, rate) = bench.during_load(&load, (LOAD, LOOKED_AT_AFTER), look)?;
        let answered = report["answers_per_second"].as_f64().context("a rate")?;
        let told = number(answered);
        let claim =
            format!("λ agrees with the load generator's {told} answers a second, within 10 %");
        bench.claim(&claim, near(rate, answered));
    }
    Ok(())
}

fn near(value: f64, expected: f64) -> bool {
    (value - expected).abs() <= TOLERANCE * expected
}

/// While the load runs: arrivals, wait, their product, and what the gauge saw. Returns the arrival rate.
fn look(bench: &Bench, workers: f64, expected: f64) -> Result<f64> {
    let busy = format!("sum(order_workers_busy) >= {workers} - 1");
    bench.wait_for("every worker is busy", Duration::from_mins(1), &busy)?;
    waiting("until Prometheus has 35 s of this load", LOOKED_AT_AFTER);
    bench.interrupt.sleep(LOOKED_AT_AFTER)?;
    let w = format!("{}s", WINDOW.as_secs());
    // Not the count of the waits: that is what the wait below is divided by, and λ × W would not depend on it.
    let rate = bench.show(
        &format!("sum(rate(orders_processed_total[{w}]))"),
        "λ, the arrival rate: each answer is followed by the next order, so orders arrive as fast as the workers finish them.",
    )?;
    let wait = bench.show(
        &format!("sum(rate(order_queue_wait_seconds_sum[{w}])) / sum(rate(order_queue_wait_seconds_count[{w}]))"),
        "W, the mean wait in seconds.",
    )?;
    let gauge = bench.show(
        &format!("sum(avg_over_time(order_queue_depth[{w}]))"),
        "L, the queue depth: the average of what each scrape saw.",
    )?;
    let product = rate * wait;
    let told = number(product);
    let claim = format!("λ × W = {told} equals connections − workers = {expected}, within 10 %");
    bench.claim(&claim, near(product, expected));
    let claim = format!("so does the sampled depth, {}", number(gauge));
    bench.claim(&claim, near(gauge, expected));
    Ok(rate)
}
