//! `HighLatency`, raised by the first orders after a start; and the fewest orders that can raise `HighErrorRate`.

use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::alerts::quiet;
use crate::report::Report;
use stack::project::{Stack, wait_until};
use stack::prometheus::{alert_history, now, query};

pub(crate) fn slow_burst(stack: &Stack, report: &Report) {
    report.check("count=50&slow_rate=0.5 as the first orders", || {
        raised_by_slow_orders(stack, report)
    });
}

pub(crate) fn twenty_orders(stack: &Stack, report: &Report) {
    report.check("error_rate=0.5, 20 orders", || {
        pending_from_twenty(stack, report)
    });
}

fn raised_by_slow_orders(stack: &Stack, report: &Report) -> Result<String> {
    let prometheus = stack.prometheus();
    let history = |since| alert_history(&prometheus, "HighLatency", since);
    let started = now();
    let summary = stack
        .order_service()
        .post("/simulate?count=50&slow_rate=0.5")?
        .json()?;
    ensure!(summary["p95_seconds"].as_f64() > Some(3.0), "{summary}");
    let answered = now();

    report.waiting("until HighLatency fires", Duration::from_secs(110));
    wait_until("HighLatency fires", Duration::from_secs(110), || {
        Ok(history(started)?.firing_since.is_some())
    })?;
    report.waiting("until HighLatency is resolved", Duration::from_mins(5));
    wait_until("HighLatency is resolved", Duration::from_mins(5), || {
        Ok(query(&prometheus, "ALERTS{alertname=\"HighLatency\"}")?.is_empty())
    })?;

    let seen = history(started)?;
    let pending = seen.pending_since.context("it was pending")?;
    let firing = seen.firing_since.context("it fired")? - pending;
    let became_true = pending - answered;
    ensure!(
        became_true <= 15.0,
        "true only {became_true:.1} s after the last answer"
    );
    ensure!(
        (60.0..=90.0).contains(&firing),
        "firing {firing:.1} s after it was true"
    );
    Ok(format!(
        "true {became_true:.1} s after the last answer, firing {firing:.1} s later, resolved {:.1} s after the burst",
        seen.last_seen.context("it was seen")? - answered
    ))
}

/// 10 failures of 20 orders are more than 20 %, and enough orders for the guard of 10.
fn pending_from_twenty(stack: &Stack, report: &Report) -> Result<String> {
    quiet(stack, report)?;
    let started = now();
    let summary = stack
        .order_service()
        .post("/simulate?error_rate=0.5")?
        .json()?;
    ensure!(
        summary["requested"] == 20 && summary["failed"] == 10,
        "{summary}"
    );
    let waited = wait_until("HighErrorRate is pending", Duration::from_secs(15), || {
        let history = alert_history(&stack.prometheus(), "HighErrorRate", started)?;
        Ok(history.pending_since.is_some())
    })?;
    Ok(format!("pending after {:.1} s", waited.as_secs_f64()))
}
