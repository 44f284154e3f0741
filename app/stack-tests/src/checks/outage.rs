//! A channel that fails is reported through the other one, and what it has missed arrives when it works again.

use std::time::Duration;

use anyhow::ensure;
use serde_json::json;
use stack::project::{Stack, wait_until};
use stack::prometheus::{messages, now, send_alerts};

use crate::report::Report;

const MISSED: &str = "MissedBySlack";
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
        let (pager, alertmanager) = (stack.pager(), stack.alertmanager());
        let began = now();
        pager.send("PUT", "/outage/slack")?;
        let alerts = [json!({"labels": {"alertname": MISSED, "severity": "warning"}})];
        let told = || messages(&pager, "slack", MISSED, began);
        let reported = send_alerts(&alertmanager, &alerts, true).and_then(|()| {
            wait_until("PagerDuty is told", REPORTED, || {
                let told = told()?;
                ensure!(told.is_empty(), "Slack took a message: {told:?}");
                let reports = messages(&pager, "pagerduty", REPORT, began)?;
                let mut integrations = reports.iter().map(|one| &one["labels"]["integration"]);
                Ok(integrations.any(|integration| integration == "slack"))
            })
        });
        // Whatever was seen: what comes next needs Slack.
        let ended = pager.send("DELETE", "/outage/slack");
        let what = "Slack is told what it missed";
        let caught_up = wait_until(what, CAUGHT_UP, || Ok(!told()?.is_empty()));
        send_alerts(&alertmanager, &alerts, false)?;
        ended?;
        Ok(format!(
            "after {:.0} s; Slack was told {:.0} s after the outage",
            reported?.as_secs_f64(),
            caught_up?.as_secs_f64()
        ))
    });
}
