//! What the promised calls of `/simulate` raise: `HighErrorRate`, from a burst on a quiet stack until it is resolved, and by the fewest
//! orders that can; `HighLatency` by the first orders after a start; nothing by a single failure.

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::dashboards;
use crate::report::Report;
use stack::project::{Stack, wait_until};
use stack::prometheus::{alert_history, in_alertmanager, is_quiet, messages, now, query, value};

const ALERT: &str = "HighErrorRate";

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

pub(crate) fn quiet(stack: &Stack, report: &Report) -> Result<String> {
    report.waiting("until no order was finished for five minutes", QUIET_WAIT);
    let waited = wait_until("the stack is quiet", QUIET_WAIT, || {
        is_quiet(&stack.prometheus())
    })?;
    Ok(format!("after {:.0} s", waited.as_secs_f64()))
}

/// From the burst until the page is over. `disturb` comes when the page has been delivered, and says how many pages there are to be.
fn raised_by_a_burst(
    stack: &Stack,
    report: &Report,
    disturb: impl FnOnce(&Stack) -> Result<usize>,
) -> Result<String> {
    let (prometheus, alertmanager) = (stack.prometheus(), stack.alertmanager());
    let started = now();
    let history = || alert_history(&prometheus, ALERT, started);
    let burst = "/simulate?count=50&error_rate=0.5";
    let summary = stack.order_service().post(burst)?.json()?;
    ensure!(summary["failed"] == 25, "{summary}");

    wait_until("HighErrorRate is pending", Duration::from_secs(20), || {
        Ok(history()?.pending_since.is_some())
    })?;
    let fires = Duration::from_secs(160);
    report.waiting("until HighErrorRate fires", fires);
    wait_until("HighErrorRate is in Alertmanager", fires, || {
        in_alertmanager(&alertmanager, ALERT)
    })?;
    let in_alertmanager_at = now();
    wait_until("somebody is paged", Duration::from_secs(30), || {
        Ok(!pages(stack, started)?.is_empty())
    })?;
    let wanted = disturb(stack)?;
    let resolved = Duration::from_mins(4);
    report.waiting("until HighErrorRate is resolved", resolved);
    wait_until("HighErrorRate is resolved", resolved, || {
        let firing = query(&prometheus, "ALERTS{alertname=\"HighErrorRate\"}")?;
        Ok(firing.is_empty() && !in_alertmanager(&alertmanager, ALERT)?)
    })?;
    wait_until("the page is over", Duration::from_secs(45), || {
        let last = pages(stack, started)?.pop();
        Ok(last.is_some_and(|page| page == "resolved"))
    })?;
    let pages = pages(stack, started)?;
    let each_ended = pages.chunks(2).all(|page| page == ["firing", "resolved"]);
    let right = each_ended && pages.len() == 2 * wanted;
    ensure!(right, "not {wanted} pages, each with its end: {pages:?}");

    let seen = history()?;
    let pending = seen.pending_since.context("it was pending")? - started;
    let firing = seen.firing_since.context("it fired")? - started - pending;
    let arrived = in_alertmanager_at - started - pending;
    let resolved = seen.last_seen.context("it was seen")? - started;
    let told = format!(
        "pending after {pending:.1} s, firing {firing:.1} s and in Alertmanager {arrived:.1} s later, \
         resolved {resolved:.1} s after the burst; pages: {wanted}"
    );
    let held = |after: f64| (120.0..=150.0).contains(&after);
    let in_time = pending <= 15.0 && held(firing) && held(arrived) && resolved <= 360.0;
    ensure!(in_time, "too early or too late: {told}");
    Ok(told)
}

/// What `PagerDuty` was told of `HighErrorRate` since then: `firing` or `resolved`, each once for as long as it stays so.
fn pages(stack: &Stack, since: f64) -> Result<Vec<String>> {
    let told = messages(&stack.pager(), "pagerduty", ALERT, since)?;
    let told = told.iter().filter_map(|page| page["status"].as_str());
    let mut told: Vec<_> = told.map(ToOwned::to_owned).collect();
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
        let history = alert_history(&stack.prometheus(), ALERT, started)?;
        Ok(history.last_seen.is_some())
    });
    ensure!(raised.is_err(), "HighErrorRate was pending or firing");
    // Silence alone proves little: the failure must have been seen.
    let failures = "sum(increase(orders_processed_total{status=\"failure\"}[5m]))";
    let seen = value(&stack.prometheus(), failures)?;
    ensure!(seen > 0.5, "Prometheus has not seen the failure");
    let seconds = watched.as_secs();
    Ok(format!("neither pending nor firing for {seconds} s"))
}

pub(crate) fn raised_by_slow_orders(stack: &Stack, report: &Report) -> Result<String> {
    let prometheus = stack.prometheus();
    let started = now();
    let history = || alert_history(&prometheus, "HighLatency", started);
    let burst = "/simulate?count=50&slow_rate=0.5";
    let summary = stack.order_service().post(burst)?.json()?;
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
        "true after {became_true:.1} s, firing {firing:.1} s later, resolved after {last:.1} s"
    );
    let in_time = became_true <= 15.0 && (60.0..=90.0).contains(&firing);
    ensure!(in_time, "too late or too early: {told}");
    Ok(told)
}

/// 10 failures of 20 orders are more than 20 %, and enough orders for the guard of 10.
pub(crate) fn pending_from_twenty(stack: &Stack, report: &Report) -> Result<String> {
    quiet(stack, report)?;
    let started = now();
    let burst = "/simulate?error_rate=0.5";
    let summary = stack.order_service().post(burst)?.json()?;
    let sent = summary["requested"] == 20 && summary["failed"] == 10;
    ensure!(sent, "{summary}");
    let waited = wait_until("HighErrorRate is pending", Duration::from_secs(15), || {
        let history = alert_history(&stack.prometheus(), "HighErrorRate", started)?;
        Ok(history.pending_since.is_some())
    })?;
    Ok(format!("pending after {:.1} s", waited.as_secs_f64()))
}
