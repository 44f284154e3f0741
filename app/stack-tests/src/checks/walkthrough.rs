//! The walk through the README: every call, every plain query, every dashboard.

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use stack_tests::dashboards::{self, Dashboard};
use stack_tests::repository::read;

use super::bursts;
use stack_tests::load;
use stack_tests::prometheus::{query, targets, value};
use stack_tests::report::Report;
use stack_tests::stack::{Stack, wait_until};

/// Orders a second while the plain queries are asked.
const RATE: f64 = 10.0;
/// Long enough for a window of one minute with nothing else in it.
const LOAD: Duration = Duration::from_secs(80);

pub(crate) fn run(stack: &Stack, report: &Report) {
    report.check("the service's calls", || calls(stack));
    report.check("every target is up", || all_up(stack));
    report.check("the plain queries for rate and p95", || {
        rate_and_p95(stack, report)
    });
    report.check("every dashboard's queries", || dashboard_queries(stack));
    // After the plain queries, which bursts would blur, and before slow orders, which raise an alert.
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

fn rate_and_p95(stack: &Stack, report: &Report) -> Result<String> {
    report.waiting("for a minute of steady load", LOAD);
    let prometheus = stack.prometheus();
    let answers = load::steady(&stack.order_service(), RATE, LOAD);
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
    ensure!(
        failing.labels["status"] == "failure" && failing.value.abs() < 0.001,
        "{}",
        failing.value
    );
    let off = (succeeding.value - RATE).abs() / RATE;
    ensure!(
        off < 0.05,
        "{} orders/s, {RATE} were sent",
        succeeding.value
    );

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
    Ok(format!(
        "{:.2} orders/s of {RATE} sent; p95 {p95:.3} s, {truth:.3} s by the answers",
        succeeding.value
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

/// Every query is one that Prometheus understands and, alerts apart, one that has data.
pub(crate) fn dashboard_queries(stack: &Stack) -> Result<String> {
    let queries: Vec<_> = dashboards::all()
        .iter()
        .flat_map(Dashboard::queries)
        .collect();
    for asked in &queries {
        let series =
            query(&stack.prometheus(), &asked.expr).with_context(|| asked.place.clone())?;
        let may_be_empty = asked.expr.contains("ALERTS");
        let numbers = series.iter().all(|sample| !sample.value.is_nan());
        ensure!(numbers, "{} has no number: {}", asked.place, asked.expr);
        ensure!(
            may_be_empty || !series.is_empty(),
            "{} has no data: {}",
            asked.place,
            asked.expr
        );
    }
    Ok(format!("{} queries, none without data", queries.len()))
}

/// 32 orders in work and 100 waiting, for longer than a scrape takes to see them.
fn queue_depth(stack: &Stack) -> Result<String> {
    let service = stack.order_service();
    let batch =
        thread::spawn(move || service.post("/simulate?count=132&slow_rate=1&slow_seconds=8"));
    let seen = wait_until("order_queue_depth is 100", Duration::from_secs(9), || {
        Ok((value(&stack.prometheus(), "order_queue_depth")? - 100.0).abs() < f64::EPSILON)
    });
    let summary = batch
        .join()
        .map_err(|_| anyhow::anyhow!("the batch panicked"))??
        .json()?;
    seen?;
    ensure!(summary["succeeded"] == 132, "{summary}");
    Ok("100, with 132 slow orders for 32 workers".to_owned())
}
