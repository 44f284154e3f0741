//! What arrives of a message at both receivers: whatever its texts are, however many alerts it is about, and whatever happens to
//! the receivers and to Alertmanager meanwhile.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::report::Report;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use stack::project::{Stack, wait_until};
use stack::prometheus::now;

const RECEIVERS: [&str; 2] = ["pagerduty", "slack"];

/// How long the first message of a group may take: the group's 10 s, and a busy machine.
const TOLD: Duration = Duration::from_secs(40);
/// How long the next one may take: the group's interval of 30 s, a try that may be under way, and a busy machine.
const TOLD_AGAIN: Duration = Duration::from_secs(75);
/// Longer than a group's interval: a message that has not come by then does not come.
const NOTHING_MORE: Duration = Duration::from_secs(45);
/// How long the receivers are out of order.
const OUTAGE: Duration = Duration::from_mins(1);

/// What YAML, JSON, Alertmanager's templates, Slack or a terminal read as something else, or not at all.
const TEXTS: [&str; 49] = [
    "1.10",
    "8040e10",
    "0010",
    "0x1F",
    "1_000",
    "1:30",
    "+1",
    ".inf",
    "-.INF",
    ".nan",
    "yes",
    "Off",
    "true",
    "null",
    "~",
    "2026-11-27",
    "2026-11-27T10:00:00Z",
    "[db] down",
    "[]",
    "{a} b",
    "{\"a\": 1}",
    "- x",
    "* x = y",
    "* x: y",
    "#ops",
    "x #ops",
    "!tag",
    "&a",
    "*b",
    "a: b",
    "a:",
    ": b",
    "= b",
    "{{ x }}",
    "{{ .Status",
    "}} %s %[1]d $1 ${1}",
    "\"quoted\" 'twice' `thrice`",
    "C:\\new\\table \\u0041",
    "two\nlines",
    "\n  indented: 1\n\n\ttabs\t\n",
    " blanks ",
    " ",
    "carriage\r\nreturn\r",
    "🚨 Größe 日本語 \u{202e}",
    "\u{7f}\u{80}\u{85}\u{9f}\u{feff}\u{2028}\u{0}\u{1b}[31m",
    "<!channel> Disk <80%> & <@U1> <http://a|b>",
    "&lt;!channel&gt; &amp;amp;",
    "Since 2026-11-27 10:00:00 UTC",
    "and 490 more",
];

pub(crate) fn run(stack: &Stack, report: &Report) {
    report.check("any text arrives as it was written", || texts(stack));
    report.check("500 alerts in one message", || crowd(stack));
    let pair = ["one", "two"].map(|instance| alert("Pair", "pair", instance));
    report.check("which of two alerts is over", || {
        one_ends(stack, &pair, &RECEIVERS)
    });
    let incident = ["ErrorsTest", "OutageTest"].map(|name| alert(name, "order-service", "all"));
    report.check(
        "which alert of an incident of order-service is over",
        || one_ends(stack, &incident, &["pagerduty"]),
    );
}

/// An alert that nothing but this sends. Prometheus keeps sending its own resolved alerts for 15 minutes.
fn alert(name: &str, job: &str, instance: &str) -> Value {
    json!({
        "labels": {"alertname": name, "severity": "critical", "job": job, "instance": instance, "posted_by": "messages-test"},
        "annotations": {"summary": format!("{instance} is down"), "runbook_url": "http://localhost/runbook"},
        "generatorURL": "http://localhost/graph",
    })
}

/// Sends alerts as Prometheus does; it repeats that for as long as they fire. Those that fire start now: Alertmanager would not
/// wait for the rest of a group whose first alert is old.
fn send(stack: &Stack, alerts: &[Value], fire: bool) -> Result<()> {
    let mut alerts = alerts.to_vec();
    for alert in alerts.iter_mut().filter(|_| !fire) {
        alert["endsAt"] = "2001-01-01T00:00:00Z".into();
    }
    let answer = stack
        .alertmanager()
        .post_json("/api/v2/alerts", &alerts.into())?;
    ensure!(
        answer.status == 200,
        "answered {}: {}",
        answer.status,
        answer.body
    );
    Ok(())
}

/// The messages that a receiver has got since then about an alert.
fn messages(stack: &Stack, receiver: &str, name: &str, since: f64) -> Result<Vec<Value>> {
    let parameters = [("alertname", name), ("since", &since.to_string())];
    let all = stack.pager().json("/notifications", &parameters)?;
    let all = all.as_array().into_iter().flatten();
    Ok(all
        .filter(|message| message["receiver"] == receiver)
        .cloned()
        .collect())
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
    wait_until(
        &format!("both receivers are told that {name:?} is {status}"),
        at_most,
        || {
            for (receiver, found) in RECEIVERS.into_iter().zip(&mut found) {
                let all = messages(stack, receiver, name, since)?;
                let first = all.into_iter().find(|message| message["status"] == status);
                *found = first.unwrap_or_default();
            }
            Ok(found.iter().all(Value::is_object))
        },
    )?;
    Ok(found)
}

/// The message's alerts with this status, as they were sent.
fn alerts(message: &Value, status: &str) -> Vec<Value> {
    let all = message["alerts"].as_array().into_iter().flatten();
    all.filter(|alert| alert["status"] == status)
        .map(|alert| json!({"labels": alert["labels"], "annotations": alert["annotations"]}))
        .collect()
}

/// Each text as the name of an alert, as another label, as its summary, its description and another annotation. Two alerts a
/// group, so that some is common to both and some is not.
fn texts(stack: &Stack) -> Result<String> {
    let began = now();
    let mut sent = Vec::new();
    for text in TEXTS {
        for instance in ["a", text] {
            let mut alert = alert(text, "texts", instance);
            alert["labels"]["common"] = text.into();
            alert["annotations"] = json!({
                "summary": text, "description": format!("{text}{text}"), "common": text, "own": instance, "empty": "",
            });
            alert
                .as_object_mut()
                .context("an object")?
                .remove("generatorURL");
            sent.push(alert);
        }
    }
    let same = |status: &str, at_most: Duration| -> Result<()> {
        for pair in sent.chunks(2) {
            let name = pair[0]["labels"]["alertname"].as_str().context("a name")?;
            let wanted: BTreeSet<_> = pair.iter().map(Value::to_string).collect();
            for message in told(stack, name, began, status, at_most)? {
                let got: BTreeSet<_> = alerts(&message, status)
                    .iter()
                    .map(Value::to_string)
                    .collect();
                ensure!(message["alertname"] == name, "{status}: {message:#}");
                ensure!(
                    got == wanted,
                    "{status}: sent {wanted:#?}, told {message:#}"
                );
            }
        }
        Ok(())
    };
    send(stack, &sent, true)?;
    let firing = same("firing", TOLD);
    send(stack, &sent, false)?;
    firing?;
    same("resolved", TOLD_AGAIN)?;
    Ok(format!(
        "{} texts, firing and resolved, at both receivers",
        TEXTS.len()
    ))
}

/// Ten are shown, and how many more there are; the message stays within the receivers' limits, or pager would refuse it.
fn crowd(stack: &Stack) -> Result<String> {
    let began = now();
    let name = "Crowd";
    let mut all: Vec<_> = (0..500)
        .map(|i| alert(name, "crowd", &format!("10.0.{}.{}:9100", i / 250, i % 250)))
        .collect();
    for alert in &mut all {
        alert["annotations"]["description"] = "<&>é ".repeat(40).into();
    }
    send(stack, &all, true)?;
    let firing = told(stack, name, began, "firing", TOLD);
    send(stack, &all, false)?;
    for (message, status) in firing?.iter().map(|message| (message, "firing")).chain(
        told(stack, name, began, "resolved", TOLD_AGAIN)?
            .iter()
            .map(|message| (message, "resolved")),
    ) {
        let shown = alerts(message, status);
        ensure!(
            shown.len() == 10 && message["more"] == 490,
            "{status}: {message:#}"
        );
        ensure!(
            shown.iter().all(|alert| all.contains(&plain(alert))),
            "{status}: {message:#}"
        );
        let summary = message["annotations"]["summary"]
            .as_str()
            .unwrap_or_default();
        ensure!(summary.ends_with("; and 497 more"), "{status}: {summary}");
    }
    Ok("10 shown, 490 more, at both receivers".to_owned())
}

/// With what every alert of ours has and no message says.
fn plain(alert: &Value) -> Value {
    let mut alert = alert.clone();
    alert["generatorURL"] = "http://localhost/graph".into();
    alert
}

/// Two alerts of one group, of which the first ends first: each message says which fires and which is over, is found by the name
/// of either, and has the same key.
fn one_ends(stack: &Stack, both: &[Value; 2], receivers: &[&str]) -> Result<String> {
    let began = now();
    let names = both
        .each_ref()
        .map(|alert| alert["labels"]["alertname"].as_str().unwrap_or_default());
    let said = |what: &str, wanted: [(&str, &[Value]); 2]| {
        wait_until(what, TOLD_AGAIN, || {
            for (receiver, name) in receivers
                .iter()
                .flat_map(|receiver| names.map(|name| (receiver, name)))
            {
                let all = messages(stack, receiver, name, began)?;
                let last = all.last().context("none yet")?;
                for (status, alerts_sent) in wanted {
                    let told: BTreeSet<_> = alerts(last, status)
                        .iter()
                        .map(|alert| alert["labels"].to_string())
                        .collect();
                    let sent: BTreeSet<_> = alerts_sent
                        .iter()
                        .map(|alert| alert["labels"].to_string())
                        .collect();
                    ensure!(told == sent, "{status}: sent {sent:#?}, told {last:#}");
                }
            }
            Ok(true)
        })
    };
    send(stack, both, true)?;
    let seen = said("both fire", [("firing", both), ("resolved", &[])]).and_then(|_| {
        send(stack, &both[..1], false)?;
        said(
            "one fires and one is over",
            [("firing", &both[1..]), ("resolved", &both[..1])],
        )
    });
    send(stack, both, false)?;
    let seen = seen?;
    wait_until("both are over", TOLD_AGAIN, || {
        for receiver in receivers {
            let all = messages(stack, receiver, names[1], began)?;
            if all.last().is_none_or(|last| last["status"] != "resolved") {
                return Ok(false);
            }
            let keys: BTreeSet<_> = all
                .iter()
                .map(|message| message["dedup_key"].to_string())
                .collect();
            ensure!(keys.len() == 1, "{receiver}: {all:#?}");
        }
        Ok(true)
    })?;
    Ok(format!("after {:.0} s", seen.as_secs_f64()))
}

/// Both receivers are out of order for a minute, and Alertmanager restarts meanwhile and afterwards: one page, one end.
pub(crate) fn outage(stack: &Stack) -> Result<String> {
    let began = now();
    // An instance of its own: of one that Alertmanager remembers as told it would tell nobody again.
    let (name, alerts) = (
        "Outlasted",
        [alert("Outlasted", "outlasted", &began.to_string())],
    );
    let switch = |method: &str| -> Result<()> {
        for receiver in RECEIVERS {
            stack.pager().send(method, &format!("/outage/{receiver}"))?;
        }
        Ok(())
    };
    // As Prometheus does, every few seconds; while Alertmanager is away, nobody listens.
    let watch = |what: &str, at_most: Duration, wanted: &dyn Fn(usize) -> bool| {
        wait_until(what, at_most, || {
            let _ = send(stack, &alerts, true);
            let mut counts = Vec::new();
            for receiver in RECEIVERS {
                counts.push(messages(stack, receiver, name, began)?.len());
            }
            ensure!(
                counts.iter().all(|count| *count < 2),
                "{counts:?} messages through {RECEIVERS:?}"
            );
            Ok(counts.into_iter().all(wanted))
        })
    };
    switch("PUT")?;
    let unheard = watch("a message in spite of the outage", OUTAGE / 2, &|count| {
        count > 0
    });
    let restarted = stack.compose("restart alertmanager");
    let unheard_still = watch("a message in spite of the outage", OUTAGE / 2, &|count| {
        count > 0
    });
    switch("DELETE")?;
    restarted?;
    ensure!(
        unheard.is_err() && unheard_still.is_err(),
        "pager accepted a message during its outage"
    );
    let caught_up = watch("both are told afterwards", TOLD_AGAIN, &|count| count == 1)?;
    stack.compose("restart alertmanager")?;
    let repeated = watch("a second message", NOTHING_MORE, &|count| count > 1);
    ensure!(repeated.is_err(), "told twice");
    send(stack, &alerts, false)?;
    told(stack, name, began, "resolved", TOLD_AGAIN)?;
    for receiver in RECEIVERS {
        let all = messages(stack, receiver, name, began)?;
        let keys: BTreeSet<_> = all
            .iter()
            .map(|message| message["dedup_key"].to_string())
            .collect();
        ensure!(all.len() == 2 && keys.len() == 1, "{receiver}: {all:#?}");
    }
    Ok(format!(
        "told once, {:.0} s after the outage; no second time after a restart of Alertmanager",
        caught_up.as_secs_f64()
    ))
}
