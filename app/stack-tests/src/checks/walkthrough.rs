//! The walk-through of the README: every call, every plain query, every dashboard, the load generator's demonstration.

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use stack::dashboards::{View, expr};

use super::dashboards;
use crate::report::Report;
use serde_json::Value;
use stack::project::{Stack, wait_until};
use stack::prometheus::{now, query, targets, value};

/// The lag that a busy machine is granted; the default of 5 ms asks for an idle one.
const LOADGEN: &str = "docker compose run --rm -T loadgen --json --max-lag 250ms";

/// Orders a second while the plain queries are asked.
const RATE: f64 = 10.0;
/// Long enough to fill a window of one minute, and for two containers to start.
const LOAD: Duration = Duration::from_secs(90);
/// When a window of one minute is full.
const FULL: Duration = Duration::from_secs(80);

pub(crate) fn run(stack: &Stack, report: &Report) {
    report.check("every target is up", || all_up(stack));
    // Before the calls, whose batches wait in the queue and would raise the p95 over five minutes.
    report.check("the figures of plain queries and of the first row", || {
        figures(stack, report)
    });
    report.check("the service's calls", || calls(stack));
    dashboards::run(stack, report, "under load");
    dashboards::in_grafana(stack, report);
    // After the plain queries, which bursts would distort, and before the slow orders, which raise an alert.
    report.check("docker compose run --rm loadgen", || bursts(stack));
    report.check("the plain query for the queue", || queue_depth(stack));
}

/// The summary of a load, which must end with success.
pub(super) fn loadgen(stack: &Stack, words: &str) -> Result<Value> {
    let words: Vec<_> = LOADGEN.split(' ').chain(words.split(' ')).collect();
    let run = stack.run(&words, &[])?;
    ensure!(run.code == Some(0), "exit {:?}: {}", run.code, run.output);
    // The summary is all that is on standard output; progress went to the other stream.
    serde_json::from_str(&run.stdout).context(run.output)
}

/// Fills the queue and raises nothing.
fn bursts(stack: &Stack) -> Result<String> {
    let started = now();
    let summary = loadgen(stack, "bursts")?;
    let (scheduled, counts) = (&summary["scheduled"], &summary["counts"]);
    ensure!(counts["ok"] == *scheduled, "{scheduled}: {counts}");
    let window = format!("[{:.0}s]", now() - started);
    let deepest = format!("max_over_time(order_queue_depth{window})");
    let deepest = value(&stack.prometheus(), &deepest)?;
    let filled = (100.0..900.0).contains(&deepest);
    ensure!(filled, "the queue was {deepest} deep at most");
    // Apart from the one that always fires, and from burn rates: those judge the hours before, drills included.
    let alerts = "last_over_time(ALERTS{alertname!=\"Watchdog\", slo=\"\"}";
    let alerts = query(&stack.prometheus(), &format!("{alerts}{window})"))?;
    ensure!(alerts.is_empty(), "{} was raised", alerts[0].labels);
    Ok(format!(
        "all {scheduled} answered, queue {deepest} deep at most, no alert"
    ))
}

fn calls(stack: &Stack) -> Result<String> {
    let service = stack.order_service();
    for (parameters, requested, failed) in [("", 20, 0), ("?count=100&error_rate=0.1", 100, 10)] {
        let summary = service.post(&format!("/simulate{parameters}"))?.json()?;
        let right = summary["requested"] == requested && summary["failed"] == failed;
        ensure!(right, "{summary}");
    }
    let counter = "orders_processed_total{status=\"success\"}";
    for (method, path, status, contains) in [
        ("POST", "/orders", 201, "\"success\""),
        ("POST", "/orders?fail=true", 500, "\"failure\""),
        ("GET", "/metrics", 200, counter),
        ("GET", "/health", 200, "ok"),
        ("GET", "/ready", 200, "ready"),
        ("GET", "/", 200, "POST /simulate"),
    ] {
        let answer = service.send(method, path)?;
        let right = answer.status == status && answer.body.contains(contains);
        ensure!(right, "{path} answered {}: {}", answer.status, answer.body);
    }
    Ok("as the README says".to_owned())
}

fn all_up(stack: &Stack) -> Result<String> {
    let targets = targets(&stack.prometheus())?;
    let up = targets.iter().all(|(_, health)| health == "up");
    ensure!(up, "{targets:?}");
    Ok(format!("{0} of {0}", targets.len()))
}

/// The plain queries, and the same figures in the panels of the dashboard's first row.
fn figures(stack: &Stack, report: &Report) -> Result<String> {
    report.waiting("for a minute of steady load", LOAD);
    let load = |rate: f64, path: &str| {
        let seconds = LOAD.as_secs();
        let words = format!("steady --rate {rate} --duration {seconds}s --path {path}");
        loadgen(stack, &words)
    };
    // One in ten fails, which is below every threshold.
    thread::scope(|scope| {
        let failing = scope.spawn(|| load(0.1 * RATE, "/orders?fail=true"));
        let succeeding = scope.spawn(|| load(0.9 * RATE, "/orders"));
        thread::sleep(FULL);
        let read = rates(stack).and_then(|told| Ok((told, p95s(stack)?)));
        failing.join().expect("no panic")?;
        let summary = succeeding.join().expect("no panic")?;
        let truth = summary["service"]["p95_seconds"].as_f64();
        let truth = truth.context("orders were answered")?;
        let (told, p95s) = read?;
        for (what, p95) in ["p95", "panel P95 Latency"].into_iter().zip(p95s) {
            near(what, p95, truth, 0.15 * truth)?;
        }
        let [p95, _] = p95s;
        Ok(format!(
            "{told}; p95 {p95:.3} s, {truth:.3} s by the answers"
        ))
    })
}

fn near(what: &str, value: f64, truth: f64, allowed: f64) -> Result<()> {
    let near = (value - truth).abs() <= allowed;
    ensure!(near, "{what}: {value}, in truth {truth}");
    Ok(())
}

/// A query of the first dashboard over one minute.
fn panel(panel: &str, legend: &str) -> String {
    let minute = View::with_rate_interval(Duration::from_mins(1));
    expr("order-service", panel, legend, &minute)
}

/// The rates are those that are sent.
fn rates(stack: &Stack) -> Result<String> {
    let prometheus = stack.prometheus();
    let mut rates = query(&prometheus, "rate(orders_processed_total[1m])")?;
    rates.sort_by(|a, b| a.value.total_cmp(&b.value));
    let [failing, succeeding] = &rates[..] else {
        anyhow::bail!("rate() has {} series", rates.len());
    };
    ensure!(failing.labels["status"] == "failure", "{}", failing.labels);
    near("failing/s", failing.value, 0.1 * RATE, 0.05 * RATE)?;
    near("succeeding/s", succeeding.value, 0.9 * RATE, 0.05 * RATE)?;
    let shown = query(&prometheus, &panel("Order Rate", "{{status}}"))?;
    let shown: f64 = shown.iter().map(|series| series.value).sum();
    near("panel Order Rate", shown, RATE, 0.05 * RATE)?;
    let share = value(&prometheus, &panel("Error Rate", "now"))?;
    near("panel Error Rate", share, 0.1, 0.02)?;
    let percent = 100.0 * share;
    Ok(format!(
        "{shown:.2} orders/s of {RATE} sent, {percent:.1} % failed of 10"
    ))
}

/// By the plain query and by the panel.
fn p95s(stack: &Stack) -> Result<[f64; 2]> {
    let plain = "histogram_quantile(0.95, rate(order_duration_seconds_bucket[5m]))";
    let prometheus = stack.prometheus();
    let shown = value(&prometheus, &panel("P95 Latency", "now"))?;
    Ok([value(&prometheus, plain)?, shown])
}

/// 32 orders in progress and 100 waiting, for longer than the scrape interval.
fn queue_depth(stack: &Stack) -> Result<String> {
    let service = stack.order_service();
    let batch =
        thread::spawn(move || service.post("/simulate?count=132&slow_rate=1&slow_seconds=8"));
    let seen = wait_until("order_queue_depth is 100", Duration::from_secs(9), || {
        let is_100 = |expr: &str| -> Result<bool> {
            Ok((value(&stack.prometheus(), expr)? - 100.0).abs() < f64::EPSILON)
        };
        let panel = expr("order-service", "Queue Depth", "sampled", &View::default());
        Ok(is_100("order_queue_depth")? && is_100(&panel)?)
    });
    let summary = batch.join().expect("no panic")?.json()?;
    seen?;
    ensure!(summary["succeeded"] == 132, "{summary}");
    Ok("100, with 132 slow orders for 32 workers".to_owned())
}
