//! A channel that fails is reported through the other one, and what it has missed arrives when it works again.

use std::time::Duration;

use crate::report::Report;
use anyhow::{Result, ensure};
use serde_json::{Map, Value};
use stack::project::{Stack, wait_until};
use stack::prometheus::now;

use super::inhibition::post;

/// The alert that Slack misses.
const MISSED: &str = "MissedBySlack";
/// The alert that says so.
const REPORT: &str = "AlertmanagerNotificationsFailing";

/// How long the report may take. Alertmanager waits 10 s for the group, tries for the 30 s of its interval and gives up; a
/// scrape (15 s), an evaluation (5 s) and another 10 s for the group follow. The rest is for a busy machine.
const REPORTED: Duration = Duration::from_mins(2);
/// How long the missed message may take afterwards: one interval of the group, and a try that may be under way.
const CAUGHT_UP: Duration = Duration::from_secs(75);

/// Leaves the report firing for five minutes.
pub(crate) fn run(stack: &Stack, report: &Report) {
    report.check("an outage of Slack is reported through PagerDuty", || {
        report.waiting("until Alertmanager has given up on Slack", REPORTED);
        let pager = stack.pager();
        let began = now();
        pager.send("PUT", "/outage/slack")?;
        let mut alert = Map::new();
        alert.insert("alertname".to_owned(), MISSED.into());
        alert.insert("severity".to_owned(), "warning".into());
        let reported = post(stack, &[&alert], "2099-01-01T00:00:00Z")
            .and_then(|()| wait_until("PagerDuty is told", REPORTED, || is_reported(stack, began)));
        // Whatever was seen: what comes next needs Slack.
        let ended = pager.send("DELETE", "/outage/slack");
        let caught_up = wait_until("Slack is told what it missed", CAUGHT_UP, || {
            Ok(!received(stack, began, (MISSED, "slack"))?.is_empty())
        });
        post(stack, &[&alert], "2001-01-01T00:00:00Z")?;
        ended?;
        Ok(format!(
            "after {:.0} s; Slack was told {:.0} s after the outage",
            reported?.as_secs_f64(),
            caught_up?.as_secs_f64()
        ))
    });
}

/// Whether `PagerDuty` has the report. Until then Slack must get nothing.
fn is_reported(stack: &Stack, began: f64) -> Result<bool> {
    let missed = received(stack, began, (MISSED, "slack"))?;
    ensure!(missed.is_empty(), "Slack took a message: {missed:?}");
    let reports = received(stack, began, (REPORT, "pagerduty"))?;
    Ok(reports
        .iter()
        .any(|report| report["labels"]["integration"] == "slack"))
}

/// The messages about a firing alert that pager has got since then through a receiver.
pub(super) fn received(
    stack: &Stack,
    since: f64,
    (alert, receiver): (&str, &str),
) -> Result<Vec<Value>> {
    let parameters = [("alertname", alert), ("since", &since.to_string())];
    let messages = stack.pager().json("/notifications", &parameters)?;
    let messages = messages.as_array().into_iter().flatten();
    let wanted =
        messages.filter(|message| message["receiver"] == receiver && message["status"] == "firing");
    Ok(wanted.cloned().collect())
}
