//! The walk-through of the README: every call, every plain query, every dashboard.

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use stack::dashboards::{View, expr};

use super::bursts::{self, loadgen};
use super::{dashboards, look};
use crate::report::Report;
use stack::project::{Stack, wait_until};
use stack::prometheus::{query, targets, value};

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
    look::run(stack, report, "under load");
    dashboards::in_grafana(stack, report);
    // After the plain queries, which bursts would distort, and before the slow orders, which raise an alert.
    bursts::run(stack, report);
    report.check("the plain query for the queue", || queue_depth(stack));
}

fn calls(stack: &Stack) -> Result<String> {
    let service = stack.order_service();
    let summary = service.post("/simulate")?.json()?;
    ensure!(
        summary["requested"] == 20 && summary["succeeded"] == 20,
        "{summary}"
    );
    let summary = service.post("/simulate?count=100&error_rate=0.1")?.json()?;
    ensure!(summary["failed"] == 10, "{summary}");
    for (path, status, result) in [
        ("/orders", 201, "success"),
        ("/orders?fail=true", 500, "failure"),
    ] {
        let answer = service.post(path)?;
        ensure!(answer.status == status, "{path} answered {}", answer.status);
        ensure!(
            answer.json()?["status"] == result,
            "{path}: {}",
            answer.body
        );
    }
    for (path, contains) in [
        ("/metrics", "orders_processed_total{status=\"success\"}"),
        ("/health", "ok"),
        ("/ready", "ready"),
        ("/", "POST /simulate"),
    ] {
        let answer = service.get(path)?;
        ensure!(
            answer.status == 200 && answer.body.contains(contains),
            "{path}: {}",
            answer.body
        );
    }
    Ok("as the README says".to_owned())
}

fn all_up(stack: &Stack) -> Result<String> {
    let targets = targets(&stack.prometheus())?;
    ensure!(
        targets.iter().all(|(_, health)| health == "up"),
        "{targets:?}"
    );
    Ok(format!("{} of {}", targets.len(), targets.len()))
}

/// The plain queries, and the same figures in the panels of the dashboard's first row.
fn figures(stack: &Stack, report: &Report) -> Result<String> {
    report.waiting("for a minute of steady load", LOAD);
    let load = |rate: f64, path: &str| {
        let seconds = LOAD.as_secs();
        let words = format!("steady --rate {rate} --duration {seconds}s --path {path}");
        loadgen(stack, &words, 0)
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
    ensure!(
        (value - truth).abs() <= allowed,
        "{what}: {value}, in truth {truth}"
    );
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
    let shown: f64 = query(&prometheus, &panel("Order Rate", "{{status}}"))?
        .iter()
        .map(|series| series.value)
        .sum();
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
    let summary = batch
        .join()
        .map_err(|_| anyhow::anyhow!("the batch panicked"))??
        .json()?;
    seen?;
    ensure!(summary["succeeded"] == 132, "{summary}");
    Ok("100, with 132 slow orders for 32 workers".to_owned())
}
