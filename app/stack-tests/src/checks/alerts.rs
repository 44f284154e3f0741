//! `HighErrorRate`, from a burst on a quiet stack until it is resolved, and the single failure that must not raise it.

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::dashboards;
use crate::report::Report;
use stack::project::{Stack, wait_until};
use stack::prometheus::{alert_history, in_alertmanager, now, query, value};

/// The longest wait for five quiet minutes: the window plus two scrapes.
const QUIET_WAIT: Duration = Duration::from_secs(310);

/// The burst that the README promises an alert for, and an absence of Prometheus while it fires. Needs five minutes with hardly an
/// order before it.
pub(crate) fn burst(stack: &Stack, report: &Report) {
    let what = "count=50&error_rate=0.5, and Prometheus is restarted while HighErrorRate fires";
    report.check(what, || {
        raised_by_a_burst(stack, report, |stack| {
            stack.compose("restart prometheus")?;
            Ok(1)
        })
    });
}

/// The same with a longer absence: an alert ends 40 s after Prometheus last sent it, so it cannot be one page.
pub(crate) fn long_absence(stack: &Stack, report: &Report) {
    let what = "Prometheus is away for 60 s while HighErrorRate fires";
    report.check(what, || {
        quiet(stack, report)?;
        raised_by_a_burst(stack, report, |stack| {
            stack.compose("stop prometheus")?;
            report.waiting("while Prometheus is away", Duration::from_mins(1));
            thread::sleep(Duration::from_mins(1));
            stack.compose("start prometheus")?;
            Ok(2)
        })
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

/// From the burst until the page is over. `disturb` comes when the page has been delivered, and says how many pages there are to be.
fn raised_by_a_burst(
    stack: &Stack,
    report: &Report,
    disturb: impl FnOnce(&Stack) -> Result<usize>,
) -> Result<String> {
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
    wait_until("somebody is paged", Duration::from_secs(30), || {
        Ok(!pages(stack, started)?.is_empty())
    })?;
    let wanted = disturb(stack)?;
    report.waiting("until HighErrorRate is resolved", Duration::from_mins(4));
    wait_until("HighErrorRate is resolved", Duration::from_mins(4), || {
        let firing = query(&prometheus, "ALERTS{alertname=\"HighErrorRate\"}")?;
        Ok(firing.is_empty() && !in_alertmanager(&stack.alertmanager(), "HighErrorRate")?)
    })?;
    wait_until("the page is over", Duration::from_secs(45), || {
        let pages = pages(stack, started)?;
        Ok(pages.last().is_some_and(|page| page == "resolved"))
    })?;
    let pages = pages(stack, started)?;
    let each_ended = pages.chunks(2).all(|page| page == ["firing", "resolved"]);
    ensure!(
        each_ended && pages.len() == 2 * wanted,
        "{wanted} pages are unavoidable, each with its end: {pages:?}"
    );

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
         resolved {resolved:.1} s after the burst; pages: {wanted}"
    ))
}

/// What `PagerDuty` was told of `HighErrorRate` since then: `firing` or `resolved`, each once for as long as it stays so.
fn pages(stack: &Stack, since: f64) -> Result<Vec<String>> {
    let parameters = [
        ("alertname", "HighErrorRate"),
        ("since", &since.to_string()),
    ];
    let records = stack.pager().json("/notifications", &parameters)?;
    let mut told: Vec<_> = records
        .as_array()
        .context("a list")?
        .iter()
        .filter(|record| record["receiver"] == "pagerduty")
        .filter_map(|record| {
            let status = record["status"].as_str()?.to_owned();
            Some((record["id"].as_u64()?, status))
        })
        .collect();
    told.sort();
    let mut told: Vec<_> = told.into_iter().map(|(_, status)| status).collect();
    told.dedup();
    Ok(told)
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
