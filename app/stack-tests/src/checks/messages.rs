//! What arrives of a message at both receivers: whatever its texts are, however many alerts it is about, and whatever happens to
//! the receivers and to Alertmanager meanwhile.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::report::Report;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use stack::project::{Stack, wait_until};
use stack::prometheus::{messages, now, send_alerts};

const RECEIVERS: [&str; 2] = ["pagerduty", "slack"];

/// How long the first message of a group may take: the group's 10 s, and a busy machine.
const TOLD: Duration = Duration::from_secs(40);
/// How long the next one may take: the group's interval of 30 s, a try that may be under way, and a busy machine.
const TOLD_AGAIN: Duration = Duration::from_secs(75);
/// Longer than a group's interval: a message that has not come by then does not come.
const NOTHING_MORE: Duration = Duration::from_secs(45);
const OUTAGE: Duration = Duration::from_mins(1);

/// What YAML, JSON, Alertmanager's templates, Slack or a terminal read as something else, or not at all.
const TEXTS: &str = include_str!("texts.json");

pub(crate) fn run(stack: &Stack, report: &Report) {
    report.check("any text arrives as it was written", || texts(stack));
    report.check("500 alerts in one message", || crowd(stack));
    let pair = ["one", "two"].map(|instance| alert("Pair", "pair", instance));
    let incident = ["ErrorsTest", "OutageTest"].map(|name| alert(name, "order-service", "all"));
    for (what, both, receivers) in [
        ("two alerts", pair, &RECEIVERS[..]),
        ("an incident of order-service", incident, &["pagerduty"]),
    ] {
        report.check(&format!("which alert of {what} is over"), || {
            one_ends(stack, &both, receivers)
        });
    }
}

/// An alert that nothing but this sends. Prometheus keeps sending its own resolved alerts for 15 minutes.
fn alert(name: &str, job: &str, instance: &str) -> Value {
    json!({
        "labels": {"alertname": name, "severity": "critical", "job": job, "instance": instance, "posted_by": "messages-test"},
        "annotations": {"summary": format!("{instance} is down"), "runbook_url": "http://localhost/runbook"},
    })
}

fn send(stack: &Stack, alerts: &[Value], fire: bool) -> Result<()> {
    send_alerts(&stack.alertmanager(), alerts, fire)
}

/// The first message with this status that each receiver gets, once both have it.
fn told(
    stack: &Stack,
    name: &str,
    since: f64,
    status: &str,
    at_most: Duration,
) -> Result<[Value; 2]> {
    let mut found = [Value::Null, Value::Null];
    let what = format!("both receivers are told that {name:?} is {status}");
    wait_until(&what, at_most, || {
        for (receiver, found) in RECEIVERS.into_iter().zip(&mut found) {
            let mut all = messages(&stack.pager(), receiver, name, since)?.into_iter();
            let first = all.find(|message| message["status"] == status);
            *found = first.unwrap_or_default();
        }
        Ok(found.iter().all(Value::is_object))
    })?;
    Ok(found)
}

/// Labels and annotations of the message's alerts with this status.
fn alerts(message: &Value, status: &str) -> BTreeSet<String> {
    let all = message["alerts"].as_array().into_iter().flatten();
    set(all.filter(|alert| alert["status"] == status))
}

fn set<'a>(alerts: impl IntoIterator<Item = &'a Value>) -> BTreeSet<String> {
    let plain = |alert: &Value| json!([alert["labels"], alert["annotations"]]).to_string();
    alerts.into_iter().map(plain).collect()
}

fn keys(messages: &[Value]) -> usize {
    let keys = messages.iter().map(|one| one["dedup_key"].to_string());
    keys.collect::<BTreeSet<_>>().len()
}

/// Each text as the name of an alert, as another label, as its summary, its description and another annotation. Two alerts a
/// group, so that some is common to both and some is not.
fn texts(stack: &Stack) -> Result<String> {
    let began = now();
    let texts: Vec<String> = serde_json::from_str(TEXTS)?;
    let mut sent = Vec::new();
    for text in &texts {
        for instance in ["a", text] {
            let mut alert = alert(text, "texts", instance);
            alert["labels"]["common"] = text.as_str().into();
            alert["annotations"] = json!({
                "summary": text, "description": format!("{text}{text}"), "common": text, "own": instance, "empty": "",
            });
            sent.push(alert);
        }
    }
    let same = |status: &str, at_most: Duration| -> Result<()> {
        for (name, pair) in texts.iter().zip(sent.chunks(2)) {
            for message in told(stack, name, began, status, at_most)? {
                let as_sent = alerts(&message, status) == set(pair);
                let right = message["alertname"] == **name && as_sent;
                ensure!(right, "{status}: sent {pair:#?}, told {message:#}");
            }
        }
        Ok(())
    };
    send(stack, &sent, true)?;
    let firing = same("firing", TOLD);
    send(stack, &sent, false)?;
    firing?;
    same("resolved", TOLD_AGAIN)?;
    Ok(format!("{} texts, firing and resolved", texts.len()))
}

/// Ten are shown, and how many more there are; the message stays within the receivers' limits, or pager would refuse it.
fn crowd(stack: &Stack) -> Result<String> {
    let began = now();
    let name = "Crowd";
    let all = (0..500).map(|i| {
        let mut alert = alert(name, "crowd", &format!("10.0.{}.{}:9100", i / 250, i % 250));
        alert["annotations"]["description"] = "<&>é ".repeat(40).into();
        alert
    });
    let all: Vec<_> = all.collect();
    let right = |status: &str, at_most: Duration| -> Result<()> {
        for message in told(stack, name, began, status, at_most)? {
            let shown = alerts(&message, status);
            let summary = message["annotations"]["summary"].as_str();
            let complete = shown.len() == 10
                && shown.is_subset(&set(&all))
                && message["more"] == 490
                && summary.is_some_and(|summary| summary.ends_with("; and 497 more"));
            ensure!(complete, "{status}: {message:#}");
        }
        Ok(())
    };
    send(stack, &all, true)?;
    let firing = right("firing", TOLD);
    send(stack, &all, false)?;
    firing?;
    right("resolved", TOLD_AGAIN)?;
    Ok("10 shown, 490 more, at both receivers".to_owned())
}

/// Two alerts of one group, of which the first ends first: each message says which fires and which is over, is found by the name
/// of either, and has the same key.
fn one_ends(stack: &Stack, both: &[Value; 2], receivers: &[&str]) -> Result<String> {
    let began = now();
    let names = both.each_ref().map(|alert| &alert["labels"]["alertname"]);
    let names = names.map(|name| name.as_str().unwrap_or_default());
    let all = |receiver: &str, name: &str| messages(&stack.pager(), receiver, name, began);
    let said = |what: &str, firing: &[Value], over: &[Value]| {
        wait_until(what, TOLD_AGAIN, || {
            let each = receivers.iter().flat_map(|to| names.map(|name| (to, name)));
            for (receiver, name) in each {
                let last = all(receiver, name)?.pop().context("none yet")?;
                for (status, sent) in [("firing", firing), ("resolved", over)] {
                    let as_sent = alerts(&last, status) == set(sent);
                    ensure!(as_sent, "{status}: sent {sent:#?}, told {last:#}");
                }
            }
            Ok(true)
        })
    };
    send(stack, both, true)?;
    let seen = said("both fire", both, &[]).and_then(|_| {
        send(stack, &both[..1], false)?;
        said("one fires and one is over", &both[1..], &both[..1])
    });
    send(stack, both, false)?;
    let seen = seen?;
    wait_until("both are over", TOLD_AGAIN, || {
        for receiver in receivers {
            let all = all(receiver, names[1])?;
            if all.last().is_none_or(|last| last["status"] != "resolved") {
                return Ok(false);
            }
            ensure!(keys(&all) == 1, "{receiver}: {all:#?}");
        }
        Ok(true)
    })?;
    Ok(format!("after {:.0} s", seen.as_secs_f64()))
}

/// Both receivers are out of order for a minute, and Alertmanager restarts meanwhile and afterwards: one page, one end.
pub(crate) fn outage(stack: &Stack) -> Result<String> {
    let began = now();
    let name = "Outlasted";
    // An instance of its own: of one that Alertmanager remembers as told it would tell nobody again.
    let alerts = [alert(name, "outlasted", &began.to_string())];
    let switch = |method: &str| -> Result<()> {
        for receiver in RECEIVERS {
            stack.pager().send(method, &format!("/outage/{receiver}"))?;
        }
        Ok(())
    };
    let all = |receiver: &str| messages(&stack.pager(), receiver, name, began);
    // As Prometheus does, every few seconds; while Alertmanager is away, nobody listens.
    let watch = |what: &str, at_most: Duration, wanted: &dyn Fn(usize) -> bool| {
        wait_until(what, at_most, || {
            let _ = send(stack, &alerts, true);
            let counts = RECEIVERS.map(|receiver| all(receiver).map(|all| all.len()));
            let counts = counts.into_iter().collect::<Result<Vec<_>>>()?;
            let once = counts.iter().all(|count| *count < 2);
            ensure!(once, "{counts:?} messages through {RECEIVERS:?}");
            Ok(counts.into_iter().all(wanted))
        })
    };
    switch("PUT")?;
    let in_spite = "a message in spite of the outage";
    let unheard = watch(in_spite, OUTAGE / 2, &|count| count > 0);
    let restarted = stack.compose("restart alertmanager");
    let unheard_still = watch(in_spite, OUTAGE / 2, &|count| count > 0);
    switch("DELETE")?;
    restarted?;
    let unheard = unheard.is_err() && unheard_still.is_err();
    ensure!(unheard, "pager accepted a message during its outage");
    let caught_up = watch("both are told afterwards", TOLD_AGAIN, &|count| count == 1)?;
    stack.compose("restart alertmanager")?;
    let repeated = watch("a second message", NOTHING_MORE, &|count| count > 1);
    ensure!(repeated.is_err(), "told twice");
    send(stack, &alerts, false)?;
    told(stack, name, began, "resolved", TOLD_AGAIN)?;
    for receiver in RECEIVERS {
        let all = all(receiver)?;
        let once = all.len() == 2 && keys(&all) == 1;
        ensure!(once, "{receiver}: {all:#?}");
    }
    let after = caught_up.as_secs_f64();
    Ok(format!(
        "told once, {after:.0} s after the outage, and not again after a restart"
    ))
}
