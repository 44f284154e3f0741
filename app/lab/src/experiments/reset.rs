//! A restart sets counters to 0. `rate()` and `increase()` notice that a counter fell, which it never does by itself, and go
//! on from there.

use std::time::Duration;

use anyhow::{Context, Result};
use stack::prometheus::now;

use crate::bench::{Bench, window_since};
use crate::screen::{number, say, waiting};

const RATE: f64 = 20.0;
/// What `rate()` may fall to: of the minute that it looks at, up to a scrape interval was never seen, and a restart takes seconds.
const LOWEST: f64 = 0.8 * RATE;
/// A lost scrape interval (100 orders) is then 2 % of all.
const LOAD: Duration = Duration::from_secs(250);
const BEFORE_RESTART: Duration = Duration::from_secs(90);
/// The rate's window, a scrape, and room for the start.
const AFTER_RESTART: Duration = Duration::from_secs(90);
const TOTAL: &str = "sum(orders_processed_total{status=\"success\"})";
const PER_SECOND: &str = "sum(rate(orders_processed_total{status=\"success\"}[1m]))";

pub(super) fn run(bench: &Bench) -> Result<()> {
    let started = now();
    bench.scraped()?;
    let load = format!("steady --rate {RATE}");
    let times = (LOAD, BEFORE_RESTART + AFTER_RESTART);
    let (report, ()) = bench.during_load(&load, times, || look(bench))?;
    let (sent, ok) = (&report["sent"], &report["counts"]["ok"]);
    say(&format!("load    {sent} orders sent, {ok} answered\n"));
    let answered = ok.as_f64().context("a count")?;
    bench.scraped()?;

    let w = window_since(started);
    let counted = bench.show(
        &format!("sum(increase(orders_processed_total{{status=\"success\"}}[{w}]))"),
        "All orders across the restart: those counted before it plus those counted from 0 after it.",
    )?;
    let off = (counted - answered) / answered;
    let percent = off * 100.0;
    let claim = format!("increase() is within 5 % of the {answered} answered ({percent:+.1} %)");
    bench.claim(&claim, off.abs() <= 0.05);
    say(
        "Why it is not exact: what was counted between the last scrape and the restart is lost, and increase() extrapolates \
         to the ends of its window.",
    );
    Ok(())
}

/// While the load runs: before, at and after a restart in its middle.
fn look(bench: &Bench) -> Result<()> {
    waiting("for 90 s of steady load", BEFORE_RESTART);
    bench.interrupt.sleep(BEFORE_RESTART)?;
    let before = bench.show(TOTAL, "The raw counter only rises, until …")?;
    bench.compose_to_the_end("restart order-service")?;
    let restarted = now();
    let fewer = format!("{TOTAL} < {before}");
    bench.wait_for("the new process is scraped", Duration::from_mins(1), &fewer)?;
    let after = bench.show(TOTAL, "… the process restarts and counts from 0 again.")?;
    let earlier = TOTAL.replace(')', " offset 1m)");
    let difference = bench.show(
        &format!("{TOTAL} - {earlier}"),
        "A plain difference to the value a minute ago is negative: fewer than no orders.",
    )?;
    let reason = "until the restart is outside the window of one minute";
    waiting(reason, AFTER_RESTART);
    bench.interrupt.sleep(AFTER_RESTART)?;
    let lowest = bench.show(
        &format!("min_over_time({PER_SECOND}[{}:5s])", window_since(restarted)),
        "The lowest value of rate() since the restart: only the orders of a few seconds are missing.",
    )?;
    let rate = bench.show(PER_SECOND, "And now, with the restart outside the window.")?;

    let claim = |text: &str, holds| bench.claim(text, holds);
    claim("the raw counter falls", after < before);
    claim("a plain difference is negative", difference < 0.0);
    let never = format!("rate() never falls below {}", number(LOWEST));
    claim(&never, lowest > LOWEST);
    let again = format!("rate() reads {} again, within 5 %", number(RATE));
    claim(&again, (rate - RATE).abs() <= 0.05 * RATE);
    Ok(())
}
