//! Which alert inhibits which: checks every line of `observability/alertmanager/tests/inhibition.txt` in the running
//! Alertmanager.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use stack::alertmanager::{Inhibition, Labels, inhibitions};
use stack::project::{Stack, wait_until};
use stack::prometheus::send_alerts;

pub(crate) fn run(stack: &Stack) -> Result<String> {
    let lines = inhibitions();
    let inhibited = lines.iter().filter(|line| line.is_inhibited).count();
    let both = (1..lines.len()).contains(&inhibited);
    ensure!(both, "the table does not have both verdicts");
    let mut by_source: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for line in &lines {
        by_source.entry(&line.source).or_default().push(line);
    }
    let alertmanager = stack.alertmanager();
    let soon = Duration::from_secs(10);
    for (batch, (source, lines)) in by_source.into_iter().enumerate() {
        // Alertmanager answers a post before its inhibitor has seen the alerts. The inhibitor takes them in order, so once the target
        // of this pair, which is posted last, is inhibited, it has seen them all.
        let job = format!("barrier-{batch}");
        let barrier = ["OrdersRejected", "OrderQueueNearlyFull"]
            .map(|name| [("alertname", name), ("severity", "warning"), ("job", &job)])
            .map(|pairs| Labels::from(pairs.map(|(name, of)| (name.to_owned(), of.to_owned()))));
        let targets = lines.iter().map(|line| &line.target);
        let labels = [source].into_iter().chain(targets).chain(&barrier);
        let alerts: Vec<_> = labels
            .map(|labels| json!({ "labels": posted(labels) }))
            .collect();
        send_alerts(&alertmanager, &alerts, true)?;
        let checked = wait_until(
            "Alertmanager has processed all that was posted",
            soon,
            || is_inhibited(stack, &barrier[1]),
        );
        let checked = checked.and_then(|_| lines.iter().try_for_each(|line| check(stack, line)));
        // All are resolved, so that the next source is the only one.
        send_alerts(&alertmanager, &alerts, false)?;
        checked?;
        wait_until("they are gone", soon, || Ok(find(stack, source)?.is_none()))?;
    }
    Ok(format!("{} lines of the table", lines.len()))
}

/// With a label of what is posted here. Prometheus keeps sending its own resolved alerts for 15 minutes, and with the same labels they
/// would end these.
fn posted(labels: &Labels) -> Value {
    let mut labels = json!(labels);
    labels["posted_by"] = "inhibition-test".into();
    labels
}

fn check(stack: &Stack, line: &Inhibition) -> Result<()> {
    let is_inhibited = is_inhibited(stack, &line.target)?;
    let (source, target) = (&line.source, &line.target);
    let right = is_inhibited == line.is_inhibited;
    ensure!(
        right,
        "{target:?} beside {source:?}: inhibited is {is_inhibited}"
    );
    Ok(())
}

fn is_inhibited(stack: &Stack, labels: &Labels) -> Result<bool> {
    let found = find(stack, labels)?.with_context(|| format!("{labels:?} is not there"))?;
    let by = found["status"]["inhibitedBy"].as_array();
    Ok(by.is_some_and(|sources| !sources.is_empty()))
}

/// The alert with exactly these labels, as Alertmanager sees it.
fn find(stack: &Stack, labels: &Labels) -> Result<Option<Value>> {
    let alerts = stack.alertmanager().json("/api/v2/alerts", &[])?;
    let mut alerts = alerts.as_array().into_iter().flatten();
    let wanted = posted(labels);
    Ok(alerts.find(|alert| alert["labels"] == wanted).cloned())
}
