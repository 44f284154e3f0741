//! `HighLatency`, raised by the first orders after a start; and the fewest orders that can raise `HighErrorRate`.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use stack::project::{Stack, wait_until};
use stack::prometheus::{alert_history, now, query};

use super::alerts::quiet;
use crate::report::Report;

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
    let started = now();
    let history = || alert_history(&prometheus, "HighLatency", started);
    let answer = stack
        .order_service()
        .post("/simulate?count=50&slow_rate=0.5")?;
    let summary = answer.json()?;
    ensure!(summary["p95_seconds"].as_f64() > Some(3.0), "{summary}");
    let answered = now();

    let (fires, resolved) = (Duration::from_secs(110), Duration::from_mins(5));
    report.waiting("until HighLatency fires", fires);
    wait_until("HighLatency fires", fires, || {
        Ok(history()?.firing_since.is_some())
    })?;
    report.waiting("until HighLatency is resolved", resolved);
    wait_until("HighLatency is resolved", resolved, || {
        Ok(query(&prometheus, "ALERTS{alertname=\"HighLatency\"}")?.is_empty())
    })?;

    let seen = history()?;
    let pending = seen.pending_since.context("it was pending")?;
    let firing = seen.firing_since.context("it fired")? - pending;
    let became_true = pending - answered;
    let last = seen.last_seen.context("it was seen")? - answered;
    let told = format!(
        "true {became_true:.1} s after the last answer, firing {firing:.1} s later, resolved {last:.1} s after the burst"
    );
    let in_time = became_true <= 15.0 && (60.0..=90.0).contains(&firing);
    ensure!(in_time, "too late or too early: {told}");
    Ok(told)
}

/// 10 failures of 20 orders are more than 20 %, and enough orders for the guard of 10.
fn pending_from_twenty(stack: &Stack, report: &Report) -> Result<String> {
    quiet(stack, report)?;
    let started = now();
    let answer = stack.order_service().post("/simulate?error_rate=0.5")?;
    let summary = answer.json()?;
    let sent = summary["requested"] == 20 && summary["failed"] == 10;
    ensure!(sent, "{summary}");
    let waited = wait_until("HighErrorRate is pending", Duration::from_secs(15), || {
        let history = alert_history(&stack.prometheus(), "HighErrorRate", started)?;
        Ok(history.pending_since.is_some())
    })?;
    Ok(format!("pending after {:.1} s", waited.as_secs_f64()))
}
