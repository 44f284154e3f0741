//! What a person is sent: one critical and one warning alert, handed to Alertmanager as Prometheus does it, and read where Slack
//! and `PagerDuty` would receive them.
//!
//! The way from a fault to the alert is left out here to save its minutes: the drill high-error-rate takes all of it.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::bench::Bench;
use crate::undo::Undo;

/// `group_wait`, and room for a busy machine.
const DELIVERED: Duration = Duration::from_mins(1);
/// `group_interval`, and room for a busy machine.
const RESOLVED: Duration = Duration::from_mins(2);

/// Alert, severity, and the door through which it must come.
const ALERTS: [(&str, &str, &str); 2] = [
    ("LabOrdersFail", "critical", "pagerduty"),
    ("LabOrdersAreSlow", "warning", "slack"),
];

pub(super) fn run(bench: &Bench) -> Result<()> {
    let started = Timestamp::now();
    let resolve = Undo::new("resolve both alerts", || {
        post(bench, started, Some(Timestamp::now()))
    });
    post(bench, started, None)?;
    bench.screen.say(
        "sends   POST /api/v2/alerts to Alertmanager: LabOrdersFail (critical), LabOrdersAreSlow (warning)",
    );
    bench.screen.waiting(
        "until both are delivered; group_wait gathers what belongs together",
        DELIVERED,
    );
    for (alert, severity, door) in ALERTS {
        let firing = await_message(bench, started, alert, "firing", DELIVERED)?;
        show(bench, &firing);
        bench.screen.claim(
            &format!("{severity} goes to {door}"),
            firing["receiver"] == door && firing["severity"] == severity,
        );
    }
    resolve.now()?;
    bench.screen.waiting(
        "until both are told to be over; group_interval paces that",
        RESOLVED,
    );
    for (alert, _, door) in ALERTS {
        let firing = await_message(bench, started, alert, "firing", DELIVERED)?;
        let resolved = await_message(bench, started, alert, "resolved", RESOLVED)?;
        bench.screen.claim(
            &format!("{door} is told that {alert} is over, under the key it was opened with"),
            resolved["receiver"] == door && resolved["dedup_key"] == firing["dedup_key"],
        );
    }
    Ok(())
}

/// Hands both alerts to Alertmanager; with an end, they are over.
fn post(bench: &Bench, since: Timestamp, until: Option<Timestamp>) -> Result<()> {
    let port = |name: &str| {
        let ports = bench.stack.ports();
        let found = ports.iter().find(|(known, _)| *known == name);
        found.map(|(_, port)| *port).context("a port of .env")
    };
    let (pager, grafana, prometheus) = (
        port("PAGER_PORT")?,
        port("GRAFANA_PORT")?,
        port("PROMETHEUS_PORT")?,
    );
    let alerts: Vec<Value> = ALERTS
        .iter()
        .map(|(alert, severity, _)| {
            let mut body = json!({
                "labels": { "alertname": alert, "severity": severity, "job": "lab" },
                "annotations": {
                    "summary": "An experiment: nothing is wrong",
                    "description": "scripts/lab notification sends this to show what a person receives.",
                    "runbook_url": format!("http://localhost:{pager}/runbooks/HighErrorRate"),
                    "dashboard_url": format!("http://localhost:{grafana}/d/order-service"),
                },
                "startsAt": since.to_string(),
                "generatorURL": format!("http://localhost:{prometheus}/alerts"),
            });
            if let Some(until) = until {
                body["endsAt"] = until.to_string().into();
            }
            body
        })
        .collect();
    let answer = bench
        .stack
        .alertmanager()
        .post_json("/api/v2/alerts", &alerts.into())?;
    ensure!(
        answer.status == 200,
        "Alertmanager answered {}",
        answer.body
    );
    Ok(())
}

/// The alert's message in pager, once it is there.
fn await_message(
    bench: &Bench,
    since: Timestamp,
    alert: &str,
    status: &str,
    at_most: Duration,
) -> Result<Value> {
    let since = since.to_string();
    let mut found = None;
    bench.wait(&format!("pager has {alert} as {status}"), at_most, || {
        let parameters = [("alertname", alert), ("since", since.as_str())];
        let all = bench.stack.pager().json("/notifications", &parameters)?;
        found = all
            .as_array()
            .and_then(|all| all.iter().find(|message| message["status"] == status))
            .cloned();
        Ok(found.is_some())
    })?;
    found.context("it was there a moment ago")
}

/// The message as it was received, field by field.
fn show(bench: &Bench, message: &Value) {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    bench.screen.say("");
    for field in ["receiver", "alertname", "status", "severity", "dedup_key"] {
        bench
            .screen
            .say(&format!("{field:<14}{}", text(&message[field])));
    }
    for (name, value) in message["annotations"].as_object().into_iter().flatten() {
        bench.screen.say(&format!("{name:<14}{}", text(value)));
    }
}
