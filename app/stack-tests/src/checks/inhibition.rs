//! Which alert inhibits which: checks every line of `observability/alertmanager/tests/inhibition.txt` in the running
//! Alertmanager.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value, json};
use stack::project::{Stack, wait_until};
use stack::repository::read;

/// A label of every alert that is posted here. Prometheus keeps sending its own resolved alerts for 15 minutes, and with the same
/// labels they would end these.
const POSTED_HERE: &str = "posted_by=inhibition-test";

/// One line of the table.
struct Line {
    is_inhibited: bool,
    source: Map<String, Value>,
    target: Map<String, Value>,
}

pub(crate) fn run(stack: &Stack) -> Result<String> {
    let lines = lines()?;
    ensure!(
        lines.iter().any(|line| line.is_inhibited) && lines.iter().any(|line| !line.is_inhibited),
        "the table does not have both verdicts"
    );
    let mut by_source: BTreeMap<String, Vec<&Line>> = BTreeMap::new();
    for line in &lines {
        let source = Value::Object(line.source.clone()).to_string();
        by_source.entry(source).or_default().push(line);
    }
    for (batch, lines) in by_source.values().enumerate() {
        let barrier = barrier(batch);
        let alerts: Vec<_> = std::iter::once(&lines[0].source)
            .chain(lines.iter().map(|line| &line.target))
            .chain(&barrier)
            .collect();
        post(stack, &alerts, "2099-01-01T00:00:00Z")?;
        let checked = wait_until(
            "Alertmanager has processed all that was posted",
            Duration::from_secs(10),
            || is_inhibited(stack, &barrier[1]),
        )
        .and_then(|_| lines.iter().try_for_each(|line| check(stack, line)));
        // All are resolved, so that the next source is the only one.
        post(stack, &alerts, "2001-01-01T00:00:00Z")?;
        checked?;
        wait_until("they are gone", Duration::from_secs(10), || {
            Ok(find(stack, &lines[0].source)?.is_none())
        })?;
    }
    Ok(format!("{} lines of the table", lines.len()))
}

/// A source and its target, with a job of their own. Alertmanager answers a post before its inhibitor has seen the alerts. The
/// inhibitor takes them in order, so once the target of this pair, which is posted last, is inhibited, it has seen them all.
fn barrier(batch: usize) -> [Map<String, Value>; 2] {
    ["OrdersRejected", "OrderQueueNearlyFull"].map(|alertname| {
        let mut labels = Map::new();
        labels.insert("alertname".to_owned(), alertname.into());
        labels.insert("severity".to_owned(), "warning".into());
        labels.insert("job".to_owned(), format!("barrier-{batch}").into());
        labels
    })
}

fn check(stack: &Stack, line: &Line) -> Result<()> {
    let is_inhibited = is_inhibited(stack, &line.target)?;
    ensure!(
        is_inhibited == line.is_inhibited,
        "{} beside {}: {}",
        Value::Object(line.target.clone()),
        Value::Object(line.source.clone()),
        if is_inhibited {
            "inhibited"
        } else {
            "not inhibited"
        }
    );
    Ok(())
}

fn is_inhibited(stack: &Stack, labels: &Map<String, Value>) -> Result<bool> {
    let found = find(stack, labels)?
        .with_context(|| format!("{} is not there", Value::Object(labels.clone())))?;
    let by = found["status"]["inhibitedBy"].as_array();
    Ok(by.is_some_and(|sources| !sources.is_empty()))
}

/// The alert with exactly these labels, as Alertmanager sees it.
fn find(stack: &Stack, labels: &Map<String, Value>) -> Result<Option<Value>> {
    let alerts = stack.alertmanager().json("/api/v2/alerts", &[])?;
    let alerts = alerts.as_array().context("a list of alerts")?;
    let found = alerts
        .iter()
        .find(|alert| alert["labels"].as_object() == Some(labels));
    Ok(found.cloned())
}

/// Tells Alertmanager of alerts, or that they are over.
pub(crate) fn post(stack: &Stack, alerts: &[&Map<String, Value>], ends_at: &str) -> Result<()> {
    let body: Value = alerts
        .iter()
        .map(|labels| json!({"labels": labels, "startsAt": "2000-01-01T00:00:00Z", "endsAt": ends_at}))
        .collect();
    let answer = stack.alertmanager().post_json("/api/v2/alerts", &body)?;
    ensure!(
        answer.status == 200,
        "answered {}: {}",
        answer.status,
        answer.body
    );
    Ok(())
}

fn lines() -> Result<Vec<Line>> {
    read("observability/alertmanager/tests/inhibition.txt")
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .map(|line| {
            let [verdict, source, target] = line.split('|').collect::<Vec<_>>()[..] else {
                bail!("not three parts: {line}");
            };
            Ok(Line {
                is_inhibited: match verdict.trim() {
                    "inhibited" => true,
                    "notified" => false,
                    other => bail!("{other} is neither inhibited nor notified"),
                },
                source: labels(source)?,
                target: labels(target)?,
            })
        })
        .collect()
}

fn labels(text: &str) -> Result<Map<String, Value>> {
    text.split_whitespace()
        .chain([POSTED_HERE])
        .map(|label| {
            let (name, value) = label
                .split_once('=')
                .with_context(|| format!("{label} is not NAME=VALUE"))?;
            Ok((name.to_owned(), value.into()))
        })
        .collect()
}
