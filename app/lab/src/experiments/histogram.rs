//! Two kinds of orders, quick and slow: the average is a time that hardly any order took, and the buckets decide what a quantile
//! can say.

use std::thread;
use std::time::Duration;

use anyhow::Result;
use stack::prometheus::now;

use crate::bench::{Bench, window_since};
use crate::screen::say;

/// Sent once a second: 25 orders of which exactly 2 (8 %) take 3 s longer. At most 8 of 32 workers are held by slow orders, so
/// that nobody queues and the duration is the service time.
const WAVE: &str = "count=25&slow_rate=0.08";
const WAVE_ORDERS: u32 = 25;
const WAVES: u32 = 30;

/// Healthy orders at the end: slow ones are then less than 5 % of all, and p95 is low again.
const RECOVERY: &str = "count=1000";

pub(super) fn run(bench: &Bench) -> Result<()> {
    let started = now();
    bench.scraped()?;
    let before = bench.finished()?;
    // p95 over five minutes is far above the threshold of `HighLatency` after the waves: this ends that before the alert fires.
    let what = format!("POST /simulate?{RECOVERY}: quick orders, so that no alert fires later");
    let recover = bench.undo(&what, || bench.simulate_undisturbed(RECOVERY).map(|_| ()));
    say(&format!(
        "sends   POST /simulate?{WAVE} once a second, {WAVES} times: 92 % of orders take about 0.09 s, 8 % about 3.1 s\n"
    ));
    waves(bench)?;
    bench.scraped()?;
    bench.expect_alone(before, WAVES * WAVE_ORDERS)?;

    let w = window_since(started);
    let quantile = |q: f64, which: &str| {
        format!(
            "histogram_quantile({q}, sum by (le) (rate(order_duration_seconds_bucket{which}[{w}])))"
        )
    };
    let average = bench.show(
        &format!("sum(rate(order_duration_seconds_sum[{w}])) / sum(rate(order_duration_seconds_count[{w}]))"),
        "0.92 × 0.09 s + 0.08 × 3.09 s: the average of two kinds of orders describes neither kind.",
    )?;
    let between = bench.show(
        &format!(
            "1 - (sum(rate(order_duration_seconds_bucket{{le=\"0.25\"}}[{w}])) + sum(rate(order_duration_seconds_bucket{{le=\"5.0\"}}[{w}])) \
             - sum(rate(order_duration_seconds_bucket{{le=\"0.5\"}}[{w}]))) / sum(rate(order_duration_seconds_count[{w}]))"
        ),
        "The share of orders that took between 0.25 and 0.5 s, where the average is.",
    )?;
    let show = |q, meaning| bench.show(&quantile(q, ""), meaning);
    let p50 = show(0.5, "Half of the orders took less than this.")?;
    let p95 = show(0.95, "One order in 20 took longer than this.")?;
    let p99 = show(0.99, "One order in 100 took longer than this.")?;
    say(
        "The same orders with OpenTelemetry's default buckets, which are made for milliseconds: 0, 5, 10, …\n",
    );
    let coarse = "{le=~\"5.0|10.0|[+]Inf\"}";
    let wrong_p50 = bench.show(
        &quantile(0.5, coarse),
        "Every order is in the first bucket, from 0 to 5, so the estimate is its middle, whatever the orders took.",
    )?;
    let wrong_p95 = bench.show(&quantile(0.95, coarse), "0.95 × 5, for the same reason.")?;

    let claim = |text: &str, holds| bench.claim(text, holds);
    let near = |value: f64, wanted: f64| (value - wanted).abs() < 0.01;
    let about = (0.28..0.40).contains(&average);
    claim("the average reads about 0.33 s", about);
    claim("hardly any order took that long", between < 0.05);
    claim("p50 reads about 0.08 s", (0.06..0.12).contains(&p50));
    claim("p95 and p99 read above 2.5 s", p95 > 2.5 && p99 > 2.5);
    claim("with wrong buckets p50 reads 2.5 s", near(wrong_p50, 2.5));
    claim("with wrong buckets p95 reads 4.75 s", near(wrong_p95, 4.75));
    recover.now()?;
    let alert = "ALERTS{alertname=\"HighLatency\"}";
    bench.wait_until_gone(
        "HighLatency is not even pending",
        Duration::from_mins(6),
        alert,
    )
}

/// An open loop: a wave is sent when it is due, whether the one before is answered or not.
fn waves(bench: &Bench) -> Result<()> {
    thread::scope(|scope| {
        let mut sent = Vec::new();
        for wave in 1..=WAVES {
            sent.push(scope.spawn(|| bench.simulate(WAVE)));
            bench.interrupt.sleep(Duration::from_secs(1))?;
            if wave % 10 == 0 {
                say(&format!("        {wave} of {WAVES}"));
            }
        }
        for wave in sent {
            wave.join().expect("sending does not panic")?;
        }
        Ok(())
    })
}
