//! Every value of a label is a series of its own. `customer_id` has as many values as there are customers.
//!
//! On a target of its own: what fails here takes nothing else down.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use stack_tests::http::Client;

use crate::bench::Bench;
use crate::screen::number;
use crate::undo::Undo;

/// A look-up of the name, a scrape, and room for a busy machine.
const SEEN: Duration = Duration::from_mins(1);
/// The page is read this often to say how long it takes: the quickest counts, the others waited for something else.
const READINGS: usize = 21;

/// What a scrape costs.
struct Cost {
    series: f64,
    bytes: usize,
    time: Duration,
}

pub(super) fn run(bench: &Bench) -> Result<()> {
    let take_away = Undo::new(&bench.screen, "remove the target", || {
        bench
            .compose_undisturbed("--profile lab rm --stop --force lab")
            .map(|_| ())
    });
    bench.screen.say(
        "starts  a target of its own; the first time it is compiled, which takes some minutes",
    );
    bench.compose("--profile lab up -d --build --wait --no-deps lab")?;
    let target = target(bench)?;

    send(bench, &target, "customers=1000")?;
    let plain = cost(
        bench,
        &target,
        20.0,
        "1,000 customers, without the label: one counter and one histogram.",
    )?;
    send(bench, &target, "customers=1000&label_on=counter")?;
    let labelled = cost(
        bench,
        &target,
        1_000.0,
        "The same orders with customer_id on the counter: a series for each customer.",
    )?;
    let claim = |text: &str, holds| bench.screen.claim(text, holds);
    claim(
        "a series for each customer",
        labelled.series - plain.series >= 1_000.0,
    );
    claim(
        "the page grows with them, to at least 20 times its size",
        labelled.bytes > 20 * plain.bytes,
    );

    send(bench, &target, "customers=3000&label_on=counter")?;
    let many = cost(
        bench,
        &target,
        2_000.0,
        "3,000 customers: the SDK keeps at most 2,000 label sets.",
    )?;
    claim(
        "a page with more series takes longer to make and read",
        many.time > plain.time,
    );
    let overflow = bench.show(
        "sum({job=\"lab\", otel_metric_overflow=\"true\"})",
        "All other customers are counted in this one overflow series. Sums by customer are wrong from now on.",
    )?;
    claim(
        "the SDK's overflow series holds the orders of 1,000 customers",
        (overflow - 1_001.0).abs() <= 2.0,
    );

    send(bench, &target, "customers=300&label_on=histogram")?;
    bench.wait("the scrape fails", SEEN, || {
        Ok(bench.value("up{job=\"lab\"}")? == 0.0)
    })?;
    bench.show(
        "up{job=\"lab\"}",
        "300 customers on a histogram are 300 × 21 series: more than the sample_limit of 5,000, so the whole scrape fails.",
    )?;
    let reason = last_error(bench)?;
    bench.screen.say(&format!("target  {reason}\n"));
    claim(
        "Prometheus names the sample limit",
        reason.contains("sample limit exceeded"),
    );
    let others = bench.show(
        "min(up{job!=\"lab\"})",
        "Everything else is up: the limit keeps the mistake to one target.",
    )?;
    claim("nothing else is down", (others - 1.0).abs() < f64::EPSILON);

    bench.compose("--profile lab restart lab")?;
    send(bench, &self::target(bench)?, "customers=1000")?;
    let off = cost(
        bench,
        &self::target(bench)?,
        20.0,
        "Without the label, after a restart: a running SDK never drops a series.",
    )?;
    claim(
        "without the label everything is as before",
        (off.series - plain.series).abs() < 1.0,
    );
    take_away.now()?;
    bench.wait("the target is gone and no alert is left", SEEN, || {
        let left = bench.query("up{job=\"lab\"} or ALERTS{job=\"lab\"}")?;
        Ok(left.is_empty())
    })?;
    Ok(())
}

/// The target, once it answers and was scraped.
fn target(bench: &Bench) -> Result<Client> {
    let address = bench.compose("--profile lab port lab 8000")?;
    let port = address.trim().rsplit(':').next().unwrap_or_default();
    let client = Client::new(port.parse().context(address.clone())?);
    bench.wait("the target is scraped", SEEN, || {
        Ok(
            client.get("/health")?.status == 200
                && !bench.query("up{job=\"lab\"} == 1")?.is_empty(),
        )
    })?;
    Ok(client)
}

fn send(bench: &Bench, target: &Client, parameters: &str) -> Result<()> {
    bench.screen.say(&format!(
        "sends   POST /orders?{parameters}, to the target lab"
    ));
    let answer = target.post(&format!("/orders?{parameters}"))?;
    ensure!(answer.status == 200, "{}", answer.body);
    Ok(())
}

/// What a scrape of the target costs, once one has at least so many series.
fn cost(bench: &Bench, target: &Client, at_least: f64, meaning: &str) -> Result<Cost> {
    let samples = "scrape_samples_scraped{job=\"lab\"}";
    bench.wait("the series are scraped", SEEN, || {
        let seen = bench.query(samples)?;
        Ok(seen.first().is_some_and(|sample| sample.value >= at_least))
    })?;
    let series = bench.show(samples, meaning)?;
    let mut bytes = 0;
    let mut time = Duration::MAX;
    for _ in 0..READINGS {
        let started = Instant::now();
        bytes = target.get("/metrics")?.body.len();
        time = time.min(started.elapsed());
    }
    bench.screen.say(&format!(
        "page    {bytes} bytes, read in {} ms\n",
        number(time.as_secs_f64() * 1e3)
    ));
    Ok(Cost {
        series,
        bytes,
        time,
    })
}

/// What Prometheus says about the last scrape of the target.
fn last_error(bench: &Bench) -> Result<String> {
    let targets = bench
        .stack
        .prometheus()
        .json("/api/v1/targets", &[("state", "active")])?;
    let found = targets["data"]["activeTargets"]
        .as_array()
        .and_then(|all| all.iter().find(|target| target["labels"]["job"] == "lab"))
        .context("the target is not there")?;
    Ok(found["lastError"].as_str().unwrap_or_default().to_owned())
}
