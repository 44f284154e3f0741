//! Asks Prometheus and Alertmanager through their APIs.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::http::Client;

/// One series of an instant query: its labels and its value.
pub struct Sample {
    /// Its labels, `__name__` among them if it has one.
    pub labels: Value,
    /// Its value.
    pub value: f64,
}

/// When an alert was pending and firing, according to the evaluations of its rule. In seconds since 1970.
#[derive(Debug, Default)]
pub struct AlertHistory {
    /// The first evaluation in which it was pending.
    pub pending_since: Option<f64>,
    /// The first evaluation in which it fired.
    pub firing_since: Option<f64>,
    /// The last evaluation in which it was pending or firing.
    pub last_seen: Option<f64>,
}

/// Seconds since 1970.
pub fn now() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or(Duration::ZERO)
        .as_secs_f64()
}

/// Runs an instant query.
pub fn query(prometheus: &Client, expr: &str) -> Result<Vec<Sample>> {
    let answer = prometheus.json("/api/v1/query", &[("query", expr)])?;
    let series = answer["data"]["result"]
        .as_array()
        .context("a list of series")?;
    series
        .iter()
        .map(|series| {
            let value = series["value"][1].as_str().context("a value")?;
            Ok(Sample {
                labels: series["metric"].clone(),
                value: value.parse()?,
            })
        })
        .collect()
}

/// Runs an instant query that must have exactly one series.
pub fn value(prometheus: &Client, expr: &str) -> Result<f64> {
    let series = query(prometheus, expr)?;
    match series.as_slice() {
        [only] => Ok(only.value),
        other => anyhow::bail!("{expr} has {} series", other.len()),
    }
}

/// The alert's history since a point in time, from raw samples: their timestamps are those of the evaluations.
pub fn alert_history(prometheus: &Client, alert: &str, since: f64) -> Result<AlertHistory> {
    let expr = format!("ALERTS{{alertname=\"{alert}\"}}[20m]");
    let answer = prometheus.json("/api/v1/query", &[("query", &expr)])?;
    let mut history = AlertHistory::default();
    for series in answer["data"]["result"]
        .as_array()
        .context("a list of series")?
    {
        let mut times = series["values"]
            .as_array()
            .context("a list of samples")?
            .iter()
            .filter_map(|sample| sample[0].as_f64())
            .filter(|time| *time >= since);
        let Some(first) = times.next() else { continue };
        let last = times.next_back().unwrap_or(first);
        match series["metric"]["alertstate"].as_str() {
            Some("pending") => history.pending_since = Some(first),
            Some("firing") => history.firing_since = Some(first),
            other => anyhow::bail!("alert state {other:?}"),
        }
        history.last_seen = Some(history.last_seen.map_or(last, |seen: f64| seen.max(last)));
    }
    Ok(history)
}

/// Whether the alert is active in Alertmanager.
pub fn in_alertmanager(alertmanager: &Client, alert: &str) -> Result<bool> {
    let filter = format!("alertname=\"{alert}\"");
    let alerts = alertmanager.json("/api/v2/alerts", &[("filter", &filter)])?;
    Ok(alerts.as_array().is_some_and(|alerts| {
        alerts
            .iter()
            .any(|alert| alert["status"]["state"] == "active")
    }))
}

/// The health of every active target, by job.
pub fn targets(prometheus: &Client) -> Result<Vec<(String, String)>> {
    let answer = prometheus.json("/api/v1/targets", &[("state", "active")])?;
    let targets = answer["data"]["activeTargets"]
        .as_array()
        .context("a list of targets")?;
    Ok(targets
        .iter()
        .map(|target| {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            (text(&target["labels"]["job"]), text(&target["health"]))
        })
        .collect())
}

/// How many targets of order-service are up.
pub fn replicas_up(prometheus: &Client) -> Result<usize> {
    let up = |(job, health): &&(String, String)| job == "order-service" && health == "up";
    Ok(targets(prometheus)?.iter().filter(up).count())
}
