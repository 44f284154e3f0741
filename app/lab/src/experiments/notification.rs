//! What a person is sent: one critical and one warning alert, handed to Alertmanager as Prometheus does it, and read where Slack
//! and `PagerDuty` would receive them.
//!
//! The minutes from a fault to its alert are left out here; the drill high-error-rate has all of it.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::bench::Bench;
use crate::undo::Undo;

/// `group_wait` (10 s) or `group_interval` (30 s), and room for a busy machine.
const DELIVERED: Duration = Duration::from_mins(2);

/// An alert, how bad it is, and where it must be received.
struct Alert {
    name: &'static str,
    severity: &'static str,
    receivers: &'static [&'static str],
}

const ALERTS: [Alert; 2] = [
    Alert {
        name: "LabOrdersFail",
        severity: "critical",
        receivers: &["pagerduty", "slack"],
    },
    Alert {
        name: "LabOrdersAreSlow",
        severity: "warning",
        receivers: &["slack"],
    },
];

pub(super) fn run(bench: &Bench) -> Result<()> {
    let started = Timestamp::now();
    let resolve = Undo::new(&bench.screen, "resolve both alerts", || {
        post(bench, started, Some(Timestamp::now()))
    });
    post(bench, started, None)?;
    bench.screen.say(
        "sends   POST /api/v2/alerts to Alertmanager: LabOrdersFail (critical), LabOrdersAreSlow (warning)",
    );
    bench.screen.waiting(
        "until both are delivered: group_wait collects alerts that belong together",
        DELIVERED,
    );
    for alert in &ALERTS {
        for receiver in alert.receivers {
            let firing = await_message(bench, started, (alert.name, receiver, "firing"))?;
            show(bench, &firing);
            bench.screen.claim(
                &format!("{} goes to {receiver}", alert.severity),
                firing["severity"] == alert.severity,
            );
        }
    }
    // The page is sent first or second: whoever is not to be woken has had the time to be.
    let woken = messages(bench, started, ALERTS[1].name)?;
    bench.screen.claim(
        "warning wakes nobody: it does not go to pagerduty",
        woken
            .iter()
            .all(|message| message["receiver"] != "pagerduty"),
    );
    resolve.now()?;
    bench.screen.waiting(
        "until both are reported as resolved: group_interval delays that",
        DELIVERED,
    );
    for alert in &ALERTS {
        for receiver in alert.receivers {
            let firing = await_message(bench, started, (alert.name, receiver, "firing"))?;
            let resolved = await_message(bench, started, (alert.name, receiver, "resolved"))?;
            bench.screen.claim(
                &format!(
                    "{receiver} is told that {} is resolved, with the same key as before",
                    alert.name
                ),
                resolved["dedup_key"] == firing["dedup_key"],
            );
        }
    }
    Ok(())
}

/// Hands both alerts to Alertmanager; with an end, they are over.
fn post(bench: &Bench, since: Timestamp, until: Option<Timestamp>) -> Result<()> {
    let url = |service: &str| bench.stack.public_url(service);
    let alerts: Vec<Value> = ALERTS
        .iter()
        .map(|alert| {
            let mut body = json!({
                "labels": { "alertname": alert.name, "severity": alert.severity, "job": "lab" },
                "annotations": {
                    "summary": "Nothing is wrong, this is an experiment",
                    "description": "scripts/lab notification sends this to show what a person receives.",
                    "runbook_url": url("PAGER_PORT") + "/runbooks/HighErrorRate",
                    "dashboard_url": url("GRAFANA_PORT") + "/d/order-service",
                },
                "startsAt": since.to_string(),
                "generatorURL": url("PROMETHEUS_PORT") + "/alerts",
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

/// What pager has received of an alert.
fn messages(bench: &Bench, since: Timestamp, alert: &str) -> Result<Vec<Value>> {
    let since = since.to_string();
    let parameters = [("alertname", alert), ("since", since.as_str())];
    let all = bench.stack.pager().json("/notifications", &parameters)?;
    Ok(all.as_array().cloned().unwrap_or_default())
}

/// The message about an alert at a receiver with a status, once it is there.
fn await_message(
    bench: &Bench,
    since: Timestamp,
    (alert, receiver, status): (&str, &str, &str),
) -> Result<Value> {
    let mut found = None;
    let what = format!("{receiver} has {alert} as {status}");
    bench.wait(&what, DELIVERED, || {
        found = messages(bench, since, alert)?
            .into_iter()
            .find(|message| message["receiver"] == receiver && message["status"] == status);
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
            .say(&format!("{field:<16}{}", text(&message[field])));
    }
    for (name, value) in message["annotations"].as_object().into_iter().flatten() {
        bench.screen.say(&format!("{name:<16}{}", text(value)));
    }
}
