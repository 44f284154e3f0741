//! The walk-through of the README: every call, every plain query, every dashboard.

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use stack_tests::dashboards::{View, expr};
use stack_tests::repository::read;

use super::{bursts, dashboards};
use stack_tests::load;
use stack_tests::prometheus::{query, targets, value};
use stack_tests::report::Report;
use stack_tests::stack::{Stack, wait_until};

/// Orders a second while the plain queries are asked.
const RATE: f64 = 10.0;
/// Below every threshold.
const ONE_IN_TEN_FAILS: [&str; 10] = {
    let mut paths = ["/orders"; 10];
    paths[0] = "/orders?fail=true";
    paths
};
/// Long enough to fill a window of one minute.
const LOAD: Duration = Duration::from_secs(80);

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
    let prometheus = stack.prometheus();
    let answers = load::steady(&stack.order_service(), RATE, LOAD, &ONE_IN_TEN_FAILS);
    ensure!(
        answers.durations.len() == answers.sent,
        "{} of {}",
        answers.durations.len(),
        answers.sent
    );

    let mut rates = query(&prometheus, "rate(orders_processed_total[1m])")?;
    rates.sort_by(|a, b| a.value.total_cmp(&b.value));
    let [failing, succeeding] = &rates[..] else {
        anyhow::bail!("rate() has {} series", rates.len());
    };
    ensure!(failing.labels["status"] == "failure", "{}", failing.labels);
    let near = |what: &str, value: f64, truth: f64, allowed: f64| {
        ensure!(
            (value - truth).abs() <= allowed,
            "{what}: {value}, in truth {truth}"
        );
        Ok(())
    };
    near("failing/s", failing.value, 0.1 * RATE, 0.05 * RATE)?;
    near("succeeding/s", succeeding.value, 0.9 * RATE, 0.05 * RATE)?;

    let p95 = value(
        &prometheus,
        "histogram_quantile(0.95, rate(order_duration_seconds_bucket[5m]))",
    )?;
    let truth = answers.durations[answers.durations.len() * 95 / 100];
    let bounds = buckets()?;
    let bucket = |seconds: f64| bounds.iter().position(|bound| seconds <= *bound);
    ensure!(
        bucket(p95) == bucket(truth),
        "p95 reads {p95:.3} s, the answers say {truth:.3} s"
    );

    let minute = View::with_rate_interval(Duration::from_mins(1));
    let panel = |panel, legend| expr("order-service", panel, legend, &minute);
    let shown_rate: f64 = query(&prometheus, &panel("Order Rate", "{{status}}"))?
        .iter()
        .map(|series| series.value)
        .sum();
    near("panel Order Rate", shown_rate, RATE, 0.05 * RATE)?;
    let shown_share = value(&prometheus, &panel("Error Rate", "now"))?;
    near("panel Error Rate", shown_share, 0.1, 0.02)?;
    let shown_p95 = value(&prometheus, &panel("P95 Latency", "now"))?;
    ensure!(
        bucket(shown_p95)
            .zip(bucket(truth))
            .is_some_and(|(a, b)| a.abs_diff(b) <= 1),
        "panel P95 Latency: {shown_p95:.3} s, the answers say {truth:.3} s"
    );
    Ok(format!(
        "{shown_rate:.2} orders/s of {RATE} sent, {:.1} % failed of 10; p95 {p95:.3} s, {truth:.3} s by the answers",
        100.0 * shown_share
    ))
}

/// The upper bounds of `order_duration_seconds`, from the golden file.
fn buckets() -> Result<Vec<f64>> {
    read("app/order-service/tests/golden/metrics.txt")
        .lines()
        .filter_map(|line| {
            line.strip_prefix("order_duration_seconds_bucket{le=\"")?
                .strip_suffix("\"}")
        })
        .map(|bound| bound.replace("+Inf", "inf").parse().context("a bound"))
        .collect::<Result<Vec<f64>>>()
        .map(|mut bounds| {
            bounds.sort_by(f64::total_cmp);
            bounds
        })
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
