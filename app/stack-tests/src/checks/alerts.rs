//! `HighErrorRate`, from a burst on a quiet stack until it is resolved, and the single failure that must not raise it.

use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::dashboards;
use stack_tests::prometheus::{alert_history, in_alertmanager, now, query, value};
use stack_tests::report::Report;
use stack_tests::stack::{Stack, wait_until};

/// The longest wait for five quiet minutes: the window plus two scrapes.
const QUIET_WAIT: Duration = Duration::from_secs(310);

pub(crate) fn burst(stack: &Stack, report: &Report) {
    report.check("count=50&error_rate=0.5 on a quiet stack", || {
        raised_by_a_burst(stack, report)
    });
}

pub(crate) fn lone_failure(stack: &Stack, report: &Report) {
    if !report.check("five quiet minutes", || quiet(stack, report)) {
        return;
    }
    // Even with no order in the last five minutes, no panel may be empty.
    dashboards::run(stack, report, "idle");
    report.check("one failed order on a quiet stack", || {
        not_raised_by_one(stack, report)
    });
}

/// Waits until no order was finished for five minutes.
pub(crate) fn quiet(stack: &Stack, report: &Report) -> Result<String> {
    report.waiting("until no order was finished for five minutes", QUIET_WAIT);
    let waited = wait_until("the stack is quiet", QUIET_WAIT, || {
        Ok(value(
            &stack.prometheus(),
            "sum(increase(orders_processed_total[5m]))",
        )?
        .abs()
            < 0.01)
    })?;
    Ok(format!("after {:.0} s", waited.as_secs_f64()))
}

fn raised_by_a_burst(stack: &Stack, report: &Report) -> Result<String> {
    quiet(stack, report)?;
    let prometheus = stack.prometheus();
    let history = |since| alert_history(&prometheus, "HighErrorRate", since);
    let started = now();
    let summary = stack
        .order_service()
        .post("/simulate?count=50&error_rate=0.5")?
        .json()?;
    ensure!(summary["failed"] == 25, "{summary}");

    wait_until("HighErrorRate is pending", Duration::from_secs(20), || {
        Ok(history(started)?.pending_since.is_some())
    })?;
    report.waiting("until HighErrorRate fires", Duration::from_secs(160));
    wait_until(
        "HighErrorRate is in Alertmanager",
        Duration::from_secs(160),
        || in_alertmanager(&stack.alertmanager(), "HighErrorRate"),
    )?;
    let in_alertmanager_at = now();
    report.waiting("until HighErrorRate is resolved", Duration::from_mins(4));
    wait_until("HighErrorRate is resolved", Duration::from_mins(4), || {
        let firing = query(&prometheus, "ALERTS{alertname=\"HighErrorRate\"}")?;
        Ok(firing.is_empty() && !in_alertmanager(&stack.alertmanager(), "HighErrorRate")?)
    })?;

    let seen = history(started)?;
    let pending = seen.pending_since.context("it was pending")? - started;
    let firing = seen.firing_since.context("it fired")? - started - pending;
    let arrived = in_alertmanager_at - started - pending;
    let resolved = seen.last_seen.context("it was seen")? - started;
    ensure!(pending <= 15.0, "pending after {pending:.1} s");
    ensure!(
        (120.0..=150.0).contains(&firing),
        "firing {firing:.1} s after pending"
    );
    ensure!(
        (120.0..=150.0).contains(&arrived),
        "in Alertmanager {arrived:.1} s after pending"
    );
    ensure!(
        resolved <= 360.0,
        "resolved {resolved:.1} s after the burst"
    );
    Ok(format!(
        "pending after {pending:.1} s, firing {firing:.1} s and in Alertmanager {arrived:.1} s later, \
         resolved {resolved:.1} s after the burst"
    ))
}

fn not_raised_by_one(stack: &Stack, report: &Report) -> Result<String> {
    let started = now();
    let answer = stack.order_service().post("/orders?fail=true")?;
    ensure!(answer.status == 500, "answered {}", answer.status);
    // The rule would fire 2 minutes and two ticks after the failure.
    let watched = Duration::from_secs(150);
    report.waiting("that one failed order raises nothing", watched);
    let raised = wait_until("something is raised", watched, || {
        let history = alert_history(&stack.prometheus(), "HighErrorRate", started)?;
        Ok(history.last_seen.is_some())
    });
    ensure!(raised.is_err(), "HighErrorRate was pending or firing");
    // Silence alone proves little: the failure must have been seen.
    let seen = value(
        &stack.prometheus(),
        "sum(increase(orders_processed_total{status=\"failure\"}[5m]))",
    )?;
    ensure!(seen > 0.5, "Prometheus has not seen the failure");
    Ok(format!(
        "neither pending nor firing for {} s",
        watched.as_secs()
    ))
}
