//! Every value of a label is a series of its own. `customer_id` has as many values as there are customers.
//!
//! On a target of its own: what fails here takes nothing else down.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use stack::http::Client;

use crate::bench::Bench;
use crate::screen::{number, say};

/// A look-up of the name, a scrape, and room for a busy machine.
const SEEN: Duration = Duration::from_mins(1);
/// The page is read this often to say how long it takes: the quickest counts, the others waited for something else.
const READINGS: usize = 21;

struct Cost {
    series: f64,
    bytes: usize,
    time: Duration,
}

pub(super) fn run(bench: &Bench) -> Result<()> {
    let take_away = bench.undo("remove the target", || {
        let rm = "--profile lab rm --stop --force lab";
        bench.compose_undisturbed(rm).map(|_| ())
    });
    say("starts  a target of its own; the first time it is compiled, which takes some minutes");
    bench.compose("--profile lab up -d --build --wait --no-deps lab")?;
    let target = target(bench)?;
    let cost = |at_least, meaning| cost(bench, &target, at_least, meaning);
    let claim = |text: &str, holds| bench.claim(text, holds);

    send(&target, "customers=1000")?;
    let what = "1,000 customers, without the label: one counter and one histogram.";
    let plain = cost(20.0, what)?;
    send(&target, "customers=1000&label_on=counter")?;
    let what = "The same orders with customer_id on the counter: a series for each customer.";
    let labelled = cost(1_000.0, what)?;
    let more = labelled.series - plain.series;
    claim("a series for each customer", more >= 1_000.0);
    let grows = labelled.bytes > 20 * plain.bytes;
    claim(
        "the page grows with them, to at least 20 times its size",
        grows,
    );

    send(&target, "customers=3000&label_on=counter")?;
    let what = "3,000 customers: the SDK keeps at most 2,000 label sets.";
    let many = cost(2_000.0, what)?;
    let longer = many.time > plain.time;
    claim(
        "a page with more series takes longer to make and read",
        longer,
    );
    let overflow = bench.show(
        "sum({job=\"lab\", otel_metric_overflow=\"true\"})",
        "All other customers are counted in this one overflow series. Sums by customer are wrong from now on.",
    )?;
    let what = "the SDK's overflow series holds the orders of 1,000 customers";
    claim(what, (overflow - 1_001.0).abs() <= 2.0);

    send(&target, "customers=300&label_on=histogram")?;
    bench.wait_for("the scrape fails", SEEN, "up{job=\"lab\"} == 0")?;
    bench.show(
        "up{job=\"lab\"}",
        "300 customers on a histogram are 300 × 21 series: more than the sample_limit of 5,000, so the whole scrape fails.",
    )?;
    let reason = last_error(bench)?;
    say(&format!("target  {reason}\n"));
    let named = reason.contains("sample limit exceeded");
    claim("Prometheus names the sample limit", named);
    let others = bench.show(
        "min(up{job!=\"lab\"})",
        "Everything else is up: the limit keeps the mistake to one target.",
    )?;
    claim("nothing else is down", (others - 1.0).abs() < f64::EPSILON);

    bench.compose("--profile lab restart lab")?;
    let restarted = self::target(bench)?;
    send(&restarted, "customers=1000")?;
    let what = "Without the label, after a restart: a running SDK never drops a series.";
    let off = self::cost(bench, &restarted, 20.0, what)?;
    let same = (off.series - plain.series).abs() < 1.0;
    claim("without the label everything is as before", same);
    take_away.now()?;
    let left = "up{job=\"lab\"} or ALERTS{job=\"lab\"}";
    bench.wait_until_gone("the target is gone and no alert is left", SEEN, left)
}

/// The target, once it answers and was scraped.
fn target(bench: &Bench) -> Result<Client> {
    let address = bench.compose("--profile lab port lab 8000")?;
    let port = address.trim().rsplit(':').next().unwrap_or_default();
    let client = Client::new(port.parse().context(address.clone())?);
    bench.wait("the target is scraped", SEEN, || {
        let answers = client.get("/health")?.status == 200;
        Ok(answers && !bench.query("up{job=\"lab\"} == 1")?.is_empty())
    })?;
    Ok(client)
}

fn send(target: &Client, parameters: &str) -> Result<()> {
    let path = format!("/orders?{parameters}");
    say(&format!("sends   POST {path}, to the target lab"));
    let answer = target.post(&path)?;
    ensure!(answer.status == 200, "{}", answer.body);
    Ok(())
}

/// What a scrape of the target costs, once one has at least so many series.
fn cost(bench: &Bench, target: &Client, at_least: f64, meaning: &str) -> Result<Cost> {
    let samples = "scrape_samples_scraped{job=\"lab\"}";
    let seen = format!("{samples} >= {at_least}");
    bench.wait_for("the series are scraped", SEEN, &seen)?;
    let series = bench.show(samples, meaning)?;
    let (mut bytes, mut time) = (0, Duration::MAX);
    for _ in 0..READINGS {
        let started = Instant::now();
        bytes = target.get("/metrics")?.body.len();
        time = time.min(started.elapsed());
    }
    let ms = number(time.as_secs_f64() * 1e3);
    say(&format!("page    {bytes} bytes, read in {ms} ms\n"));
    Ok(Cost {
        series,
        bytes,
        time,
    })
}

/// What Prometheus says about the last scrape of the target.
fn last_error(bench: &Bench) -> Result<String> {
    let prometheus = bench.stack.prometheus();
    let targets = prometheus.json("/api/v1/targets", &[("scrapePool", "lab")])?;
    let error = targets["data"]["activeTargets"][0]["lastError"].as_str();
    Ok(error.context("the target is not there")?.to_owned())
}
