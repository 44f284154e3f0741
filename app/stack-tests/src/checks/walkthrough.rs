//! The walk-through of the README: its plain queries, every dashboard, the load generator's demonstration. What the service answers
//! to each call is tested in its own crate, and how the queue fills by `scripts/lab queue`.

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use stack::dashboards::{View, expr};

use super::{dashboards, look};
use crate::report::Report;
use serde_json::Value;
use stack::project::Stack;
use stack::prometheus::{now, query, value};

/// The lag that a busy machine is granted; the default of 5 ms asks for an idle one.
const LOADGEN: &str = "docker compose run --rm -T loadgen --json --max-lag 250ms";

/// Orders a second while the plain queries are asked.
const RATE: f64 = 10.0;
/// Long enough to fill a window of one minute, and for two containers to start.
const LOAD: Duration = Duration::from_secs(90);
/// When a window of one minute is full.
const FULL: Duration = Duration::from_secs(80);

pub(crate) fn run(stack: &Stack, report: &Report) {
    // Before the bursts, which wait in the queue and would raise the p95 over five minutes.
    report.check("the figures of plain queries and of the first row", || {
        figures(stack, report)
    });
    dashboards::run(stack, report, "under load");
    look::run(stack, report, "under load");
    dashboards::in_grafana(stack, report);
    // After the plain queries, which bursts would distort.
    report.check("docker compose run --rm loadgen", || bursts(stack));
}

/// The summary of a load, which must end with success.
fn loadgen(stack: &Stack, words: &str) -> Result<Value> {
    let words: Vec<_> = LOADGEN.split(' ').chain(words.split(' ')).collect();
    let run = stack.run(&words, &[])?.success()?;
    // The summary is all that is on standard output; progress went to the other stream.
    serde_json::from_str(&run.stdout).context(run.output)
}

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
        "all {scheduled} answered, {deepest} in the queue at most"
    ))
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
        let read = rates(stack).and_then(|told| {
            let plain = "histogram_quantile(0.95, rate(order_duration_seconds_bucket[5m]))";
            let [plain, shown] =
                [plain, &panel("P95 Latency", "now")].map(|expr| value(&stack.prometheus(), expr));
            Ok((told, plain?, shown?))
        });
        failing.join().expect("no panic")?;
        let summary = succeeding.join().expect("no panic")?;
        let truth = summary["service"]["p95_seconds"].as_f64();
        let truth = truth.context("orders were answered")?;
        let (told, p95, shown) = read?;
        near("p95", p95, truth, 0.15 * truth)?;
        near("panel P95 Latency", shown, truth, 0.15 * truth)?;
        Ok(format!("{told}; p95 {p95:.3} s, truly {truth:.3} s"))
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

fn rates(stack: &Stack) -> Result<String> {
    let prometheus = stack.prometheus();
    let rate = |status: &str| {
        let expr = format!("rate(orders_processed_total{{status=\"{status}\"}}[1m])");
        value(&prometheus, &expr)
    };
    near("failing/s", rate("failure")?, 0.1 * RATE, 0.05 * RATE)?;
    near("succeeding/s", rate("success")?, 0.9 * RATE, 0.05 * RATE)?;
    let shown = query(&prometheus, &panel("Order Rate", "{{status}}"))?;
    let shown: f64 = shown.iter().map(|series| series.value).sum();
    near("panel Order Rate", shown, RATE, 0.05 * RATE)?;
    let share = value(&prometheus, &panel("Error Rate", "now"))?;
    near("panel Error Rate", share, 0.1, 0.02)?;
    let percent = 100.0 * share;
    Ok(format!("{shown:.2} orders/s, {percent:.1} % failed"))
}
