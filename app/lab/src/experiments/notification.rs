//! What a person is sent: one critical and one warning alert, handed to Alertmanager as Prometheus does it, and read where Slack
//! and `PagerDuty` would receive them.
//!
//! The minutes from a fault to its alert are left out here; the drill high-error-rate has all of it.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use stack::prometheus::{messages, now, send_alerts};

use crate::bench::Bench;
use crate::screen::{say, waiting};

/// `group_wait` (10 s) or `group_interval` (30 s), and room for a busy machine.
const DELIVERED: Duration = Duration::from_mins(2);

/// An alert, how bad it is, and where it must be received.
const ALERTS: [(&str, &str, &[&str]); 2] = [
    ("LabOrdersFail", "critical", &["pagerduty", "slack"]),
    ("LabOrdersAreSlow", "warning", &["slack"]),
];

pub(super) fn run(bench: &Bench) -> Result<()> {
    let started = now();
    let resolve = bench.undo("resolve both alerts", || post(bench, false));
    post(bench, true)?;
    say(
        "sends   POST /api/v2/alerts to Alertmanager: LabOrdersFail (critical), LabOrdersAreSlow (warning)",
    );
    let reason = "until both are delivered: group_wait collects alerts that belong together";
    waiting(reason, DELIVERED);
    let routes = || {
        let each = |(alert, severity, receivers): &(_, _, &'static [_])| {
            let (alert, severity) = (*alert, *severity);
            receivers.iter().map(move |to| (alert, severity, *to))
        };
        ALERTS.iter().flat_map(each)
    };
    for (alert, severity, receiver) in routes() {
        let firing = await_message(bench, started, (alert, receiver, "firing"))?;
        show(&firing);
        let claim = format!("{severity} goes to {receiver}");
        bench.claim(&claim, firing["severity"] == severity);
    }
    // The page is sent first or second: whoever is not to be woken has had the time to be.
    let woken = messages(&bench.stack.pager(), "pagerduty", ALERTS[1].0, started)?;
    let claim = "warning wakes nobody: it does not go to pagerduty";
    bench.claim(claim, woken.is_empty());
    resolve.now()?;
    let reason = "until both are reported as resolved: group_interval delays that";
    waiting(reason, DELIVERED);
    for (alert, _, receiver) in routes() {
        let firing = await_message(bench, started, (alert, receiver, "firing"))?;
        let resolved = await_message(bench, started, (alert, receiver, "resolved"))?;
        let claim =
            format!("{receiver} is told that {alert} is resolved, with the same key as before");
        bench.claim(&claim, resolved["dedup_key"] == firing["dedup_key"]);
    }
    Ok(())
}

/// Hands both alerts to Alertmanager, or tells it that they are over.
fn post(bench: &Bench, fire: bool) -> Result<()> {
    let url = |service: &str| bench.stack.public_url(service);
    let alerts = ALERTS.map(|(alert, severity, _)| {
        json!({
            "labels": { "alertname": alert, "severity": severity, "job": "lab" },
            "annotations": {
                "summary": "Nothing is wrong, this is an experiment",
                "description": "scripts/lab notification sends this to show what a person receives.",
                "runbook_url": url("PAGER_PORT") + "/runbooks/HighErrorRate",
                "dashboard_url": url("GRAFANA_PORT") + "/d/order-service",
            },
            "generatorURL": url("PROMETHEUS_PORT") + "/alerts",
        })
    });
    send_alerts(&bench.stack.alertmanager(), &alerts, fire)
}

/// The message about an alert at a receiver with a status, once it is there.
fn await_message(
    bench: &Bench,
    since: f64,
    (alert, receiver, status): (&str, &str, &str),
) -> Result<Value> {
    let mut found = None;
    let what = format!("{receiver} has {alert} as {status}");
    bench.wait(&what, DELIVERED, || {
        let all = messages(&bench.stack.pager(), receiver, alert, since)?;
        found = all.into_iter().find(|message| message["status"] == status);
        Ok(found.is_some())
    })?;
    found.context("it was there a moment ago")
}

fn show(message: &Value) {
    let fields = ["receiver", "alertname", "status", "severity", "dedup_key"];
    let fields = fields.map(|name| (name, &message[name])).into_iter();
    let annotations = message["annotations"].as_object().into_iter().flatten();
    let annotations = annotations.map(|(name, value)| (name.as_str(), value));
    say("");
    for (name, value) in fields.chain(annotations) {
        say(&format!("{name:<16}{}", value.as_str().unwrap_or("-")));
    }
}
