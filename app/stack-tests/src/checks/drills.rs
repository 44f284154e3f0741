//! Drills and the lab, run as a person runs them, and the messages that a drill leaves in the inbox.

use crate::report::Report;
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use stack::project::Stack;

use super::links;

/// A step of a drill, and how many seconds after an earlier one it is due.
#[derive(Clone, Copy)]
pub(crate) struct Due {
    step: &'static str,
    after: &'static str,
    seconds: f64,
}

/// High-error-rate's message. The rule's `for` of 2 minutes and the route's `group_wait` of 10 s allow it 130 s after the
/// expression is true; 15 s are left for the evaluations and the way to pager.
pub(crate) const HIGH_ERROR_RATE_DUE: Due = Due {
    step: "delivered to pagerduty",
    after: "true",
    seconds: 120.0 + 10.0 + 15.0,
};
/// The alarm of the dead man's switch: within two minutes of the moment Prometheus was stopped.
const SILENT_PIPE_DUE: Due = Due {
    step: "heartbeat missed",
    after: "stopped",
    seconds: 120.0,
};

/// The drill of one alert, and whether its message came when it was due. The drill judges the other steps.
pub(crate) fn one(stack: &Stack, report: &Report, name: &str, due: Option<Due>) {
    report.check(&format!("scripts/drill {name}"), || {
        let verdict = verdict(stack, name)?;
        if let Some(due) = due {
            in_time(due, name, &verdict)?;
        }
        let seen = told(&verdict);
        ensure!(!seen.is_empty(), "no step was seen: {verdict}");
        Ok(seen)
    });
}

/// Every drill.
pub(crate) fn all(stack: &Stack, report: &Report) {
    report.check("scripts/drill --all", || {
        let verdict = verdict(stack, "--all")?;
        in_time(SILENT_PIPE_DUE, "silent-pipe", &verdict)?;
        Ok(format!("all passed\n{}", told(&verdict)))
    });
}

/// A drill on a stack of other parts, which it starts and removes.
pub(crate) fn stranger(stack: &Stack, report: &Report) {
    report.check("app/drill/tests/stranger/run", || {
        let project = format!("{}-stranger", stack.project);
        let settings = [("STRANGER_PROJECT", project.as_str())];
        let run = stack.run(&["app/drill/tests/stranger/run"], &settings)?;
        ensure!(run.code == Some(0), "exit {:?}: {}", run.code, run.output);
        Ok(run.stdout)
    });
}

/// The report of one drill or of all, which must pass.
fn verdict(stack: &Stack, which: &str) -> Result<Value> {
    let run = stack.run(&["scripts/drill", which, "--json"], &[])?;
    ensure!(run.code == Some(0), "exit {:?}: {}", run.code, run.output);
    serde_json::from_str(&run.stdout).with_context(|| run.output)
}

/// Whether the step came in time.
fn in_time(due: Due, name: &str, verdict: &Value) -> Result<()> {
    let mut drills = verdict["drills"].as_array().into_iter().flatten();
    let steps = drills
        .find(|drill| drill["name"] == name)
        .and_then(|drill| drill["steps"].as_array())
        .with_context(|| format!("no drill {name} in the report"))?;
    let seen = |wanted: &str| {
        let step = steps.iter().find(|step| step["step"] == wanted);
        step.and_then(|step| step["seen_seconds"].as_f64())
            .with_context(|| format!("{name}: the step {wanted:?} was not seen"))
    };
    let took = seen(due.step)? - seen(due.after)?;
    ensure!(
        took <= due.seconds,
        "{name}: from {} to {} it took {took:.1} s, more than {} s",
        due.after,
        due.step,
        due.seconds
    );
    Ok(())
}

/// The experiments of the lab, and the commands of its guide.
pub(crate) fn lab(stack: &Stack, report: &Report) {
    for what in ["--all", "--documents"] {
        report.check(&format!("scripts/lab {what}"), || {
            let run = stack.run(&["scripts/lab", what], &[])?;
            ensure!(run.code == Some(0), "exit {:?}: {}", run.code, run.output);
            Ok(format!("all as it should be\n{}", run.stdout))
        });
    }
}

/// When each step was seen, in seconds after the incident began; a line for each drill.
fn told(verdict: &Value) -> String {
    let told = |drill: &Value| {
        let steps = drill["steps"].as_array().into_iter().flatten();
        let seen = steps.filter_map(|step| {
            let seen = step["seen_seconds"].as_f64()?;
            Some(format!("{} {seen:.1} s", step["step"].as_str()?))
        });
        seen.collect::<Vec<_>>().join(", ")
    };
    let drills = verdict["drills"].as_array().into_iter().flatten();
    drills.map(told).collect::<Vec<_>>().join("\n")
}

/// Reads the message that a drill left in the inbox, and follows its links.
pub(crate) fn message(stack: &Stack, alert: &str, receiver: &str) -> Result<String> {
    let messages = stack
        .pager()
        .json("/notifications", &[("alertname", alert)])?;
    let message = messages
        .as_array()
        .into_iter()
        .flatten()
        .find(|message| message["receiver"] == receiver && message["status"] == "firing")
        .with_context(|| format!("{receiver} has no message about {alert}: {messages}"))?;
    says_what_the_rule_says(stack, alert, &message["annotations"])?;
    Ok(format!(
        "the rule's texts; {}",
        links::of_message(stack, message)?
    ))
}

/// A message has the summary and the description of its rule, with something in place of each `{{ … }}`.
fn says_what_the_rule_says(stack: &Stack, alert: &str, annotations: &Value) -> Result<()> {
    let rules = stack
        .prometheus()
        .json("/api/v1/rules", &[("rule_name[]", alert)])?;
    let wanted = &rules["data"]["groups"][0]["rules"][0]["annotations"];
    for name in ["summary", "description"] {
        let template = wanted[name].as_str().context("every rule has both")?;
        let said = annotations[name].as_str().unwrap_or_default();
        let parts = template
            .split("{{")
            .filter_map(|part| part.rsplit("}}").next());
        let fixed: Vec<_> = parts.collect();
        ensure!(
            fixed.iter().all(|part| said.contains(part)) && said.len() > fixed.concat().len(),
            "its {name} is {said:?}, where the rule has {template:?}"
        );
    }
    Ok(())
}
