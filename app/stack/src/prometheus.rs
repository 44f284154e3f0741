//! Asks Prometheus, Alertmanager and pager through their APIs.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::http::{Client, Reply};

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

/// The stored samples of a range selector, all series together: time and value, the oldest first.
pub fn samples(prometheus: &Client, range: &str) -> Result<Vec<(f64, f64)>> {
    let answer = prometheus.json("/api/v1/query", &[("query", range)])?;
    let series = list(&answer["data"]["result"]);
    let values = series.flat_map(|one| list(&one["values"]));
    let mut samples: Vec<(f64, f64)> = values
        .filter_map(|sample| Some((sample[0].as_f64()?, sample[1].as_str()?.parse().ok()?)))
        .collect();
    samples.sort_by(|a, b| a.0.total_cmp(&b.0));
    Ok(samples)
}

/// The alert's history since a point in time, from raw samples: their timestamps are those of the evaluations.
pub fn alert_history(prometheus: &Client, alert: &str, since: f64) -> Result<AlertHistory> {
    let times = |state: &str| -> Result<Vec<f64>> {
        let range = format!("ALERTS{{alertname=\"{alert}\", alertstate=\"{state}\"}}[20m]");
        let samples = samples(prometheus, &range)?.into_iter();
        let times = samples.map(|(time, _)| time);
        Ok(times.filter(|time| *time >= since).collect())
    };
    let (pending, firing) = (times("pending")?, times("firing")?);
    let last = pending.last().into_iter().chain(firing.last());
    Ok(AlertHistory {
        pending_since: pending.first().copied(),
        firing_since: firing.first().copied(),
        last_seen: last.copied().reduce(f64::max),
    })
}

/// Tells Alertmanager of alerts as Prometheus does, or that they are over. Those that fire start now: Alertmanager would not wait for
/// the rest of a group whose first alert is old.
pub fn send_alerts(alertmanager: &Client, alerts: &[Value], fire: bool) -> Result<()> {
    let mut alerts = alerts.to_vec();
    for alert in alerts.iter_mut().filter(|_| !fire) {
        alert["endsAt"] = "2001-01-01T00:00:00Z".into();
    }
    let answer = alertmanager.post_json("/api/v2/alerts", &alerts.into())?;
    let Reply { status, body } = answer;
    ensure!(status == 200, "answered {status}: {body}");
    Ok(())
}

/// The messages about an alert that pager has received through a receiver since a point in time, the oldest first.
pub fn messages(pager: &Client, receiver: &str, alert: &str, since: f64) -> Result<Vec<Value>> {
    let parameters = [("alertname", alert), ("since", &since.to_string())];
    let all = pager.json("/notifications", &parameters)?;
    let wanted = list(&all).filter(|message| message["receiver"] == receiver);
    Ok(wanted.cloned().collect())
}

/// Whether the alert is active in Alertmanager.
pub fn in_alertmanager(alertmanager: &Client, alert: &str) -> Result<bool> {
    let filter = format!("alertname=\"{alert}\"");
    let alerts = alertmanager.json("/api/v2/alerts", &[("filter", &filter)])?;
    Ok(list(&alerts).any(|alert| alert["status"]["state"] == "active"))
}

/// The health of every active target, by job.
pub fn targets(prometheus: &Client) -> Result<Vec<(String, String)>> {
    let answer = prometheus.json("/api/v1/targets", &[("state", "active")])?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let targets = list(&answer["data"]["activeTargets"]);
    Ok(targets
        .map(|target| (text(&target["labels"]["job"]), text(&target["health"])))
        .collect())
}

/// Whether no order was finished for five minutes, the window of the rules. Right after a start there is no increase yet, not even
/// one of 0.
pub fn is_quiet(prometheus: &Client) -> Result<bool> {
    let finished = query(prometheus, "sum(increase(orders_processed_total[5m]))")?;
    Ok(finished.first().is_some_and(|sum| sum.value.abs() < 0.01))
}

/// How many targets of order-service are up.
pub fn replicas_up(prometheus: &Client) -> Result<usize> {
    let up = |(job, health): &&(String, String)| job == "order-service" && health == "up";
    Ok(targets(prometheus)?.iter().filter(up).count())
}

fn list(value: &Value) -> impl DoubleEndedIterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
