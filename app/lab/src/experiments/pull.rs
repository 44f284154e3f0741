//! A target that is gone is noticed by the scrape that fails; what was pushed stays as it was.

use std::time::Duration;

use anyhow::Result;
use stack::prometheus::{now, samples};

use crate::bench::Bench;
use crate::screen::{reading, say};

const UP: &str = "up{job=\"order-service\"}";
const UP_AGAIN: &str = "up{job=\"order-service\"} == 1";

/// A scrape is due within 5 s and may take its time-out of 4 s; the name is looked up every 5 s.
const WITHIN: f64 = 14.0;
/// The same, and room for a busy machine: later than [`WITHIN`] is missed, but still shown.
const NOTICED: Duration = Duration::from_secs(30);
/// A start, a look-up of the name and a scrape.
const BACK: Duration = Duration::from_mins(1);

pub(super) fn run(bench: &Bench) -> Result<()> {
    bench.show(
        UP,
        "Prometheus sets `up` itself at every scrape: 1 if the scrape worked.",
    )?;
    let start_again = bench.undo("start order-service", || {
        bench.compose_undisturbed("start order-service").map(|_| ())
    });
    // A start while the container is still stopping would do nothing.
    bench.compose_to_the_end("stop order-service")?;
    let stopped = now();
    bench.wait_until_gone("the scrape fails", NOTICED, UP_AGAIN)?;
    let noticed = now() - stopped;
    let what = "after the service stopped; Prometheus scrapes every 5 s";
    say(&format!("        noticed {noticed:.1} s {what}\n"));
    bench.claim(
        &format!("it was noticed within {WITHIN} s: scrape interval 5 s, scrape timeout 4 s, name look-up every 5 s"),
        noticed <= WITHIN,
    );
    let up = bench.query(UP)?;
    let reads = up.first().map(|series| series.value.to_string());
    let reads = reads.unwrap_or("nothing: its name no longer resolves".to_owned());
    reading(
        UP,
        &reads,
        "0 means that the scrape failed, nothing that service discovery has dropped the target. The alert OrderServiceDown covers both.",
    );
    let scrapes = samples(&bench.stack.prometheus(), &format!("{UP}[1m]"))?;
    let last = scrapes.into_iter().rfind(|(_, value)| *value > 0.5);
    let claim = "no scrape after the stop reads 1";
    bench.claim(claim, last.is_some_and(|(time, _)| time <= stopped));

    bench.wait_until_gone("the series end", NOTICED, "order_workers")?;
    reading(
        "order_workers",
        "nothing",
        "All other series of the target have ended too: a graph shows a gap, not a straight line.",
    );
    let pushed = bench.show(
        "last_over_time(order_workers[5m])",
        "With push, this last value would remain, as if the workers were still there: nobody tells the receiver that the \
         service has stopped.",
    )?;
    bench.claim("the last value alone looks healthy", pushed > 0.0);
    start_again.now()?;

    bench.wait_for("order-service is scraped again", BACK, UP_AGAIN)?;
    // It takes 15 s of absence to fire; a slow machine may have had them.
    let alert = "ALERTS{alertname=\"OrderServiceDown\"}";
    bench.wait_until_gone("no alert is left", BACK, alert)?;
    say("        order-service is up again, and no alert is left");
    Ok(())
}
