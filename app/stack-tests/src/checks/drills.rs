//! Drills and the lab, run as a person runs them, and what a drill leaves in the inbox.

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use stack_tests::http::Client;
use stack_tests::report::Report;
use stack_tests::repository::dot_env;
use stack_tests::stack::Stack;

/// The drill of one alert. What it proved is in its own table; the report has the row that counts.
pub(crate) fn one(stack: &Stack, report: &Report, name: &str) {
    report.check(&format!("scripts/drill {name}"), || {
        let run = stack.run(&["scripts/drill", name, "--json"], &[])?;
        ensure!(run.code == Some(0), "exit {:?}: {}", run.code, run.output);
        let verdict: Value = serde_json::from_str(&run.stdout).with_context(|| run.output)?;
        let seen = told(&verdict);
        ensure!(!seen.is_empty(), "no step was seen: {verdict}");
        Ok(seen)
    });
}

/// Every drill, in one table.
pub(crate) fn all(stack: &Stack, report: &Report) {
    report.check("scripts/drill --all", || {
        let run = stack.run(&["scripts/drill", "--all"], &[])?;
        ensure!(run.code == Some(0), "exit {:?}: {}", run.code, run.output);
        Ok(format!("all passed\n{}", run.stdout))
    });
}

/// The experiments of the lab, and its exercises.
pub(crate) fn lab(stack: &Stack, report: &Report) {
    for what in ["--all", "--documents", "--self-test"] {
        report.check(&format!("scripts/lab {what}"), || {
            let run = stack.run(&["scripts/lab", what], &[])?;
            ensure!(run.code == Some(0), "exit {:?}: {}", run.code, run.output);
            Ok(format!("all as it should be\n{}", run.stdout))
        });
    }
}

/// When each step was seen, in seconds after the incident began.
fn told(verdict: &Value) -> String {
    let drills = verdict["drills"].as_array().into_iter().flatten();
    drills
        .flat_map(|drill| drill["steps"].as_array().into_iter().flatten())
        .filter_map(|step| {
            let seen = step["seen_seconds"].as_f64()?;
            Some(format!("{} {seen:.1} s", step["step"].as_str()?))
        })
        .collect::<Vec<_>>()
        .join(", ")
}

/// Follows every link of the message that a drill left in the inbox.
pub(crate) fn links(stack: &Stack, alert: &str, receiver: &str) -> Result<String> {
    let messages = stack
        .pager()
        .json("/notifications", &[("alertname", alert)])?;
    let message = messages
        .as_array()
        .into_iter()
        .flatten()
        .find(|message| message["receiver"] == receiver && message["status"] == "firing")
        .with_context(|| format!("{receiver} has no message about {alert}: {messages}"))?;
    let mut followed = Vec::new();
    for (name, link) in message["annotations"].as_object().into_iter().flatten() {
        let Some(what) = name.strip_suffix("_url") else {
            continue;
        };
        let link = link.as_str().context("a link is a text")?;
        let (port, path) = local(link)?;
        let Some(port) = stack_port(stack, port) else {
            bail!("{what} leads to no service of the stack: {link}");
        };
        if what == "dashboard" && Client::new(port).get("/api/health").is_err() {
            followed.push("dashboard (skipped: Grafana is not running)".to_owned());
            continue;
        }
        let answer = Client::new(port).get(path)?;
        ensure!(
            answer.status == 200,
            "{what}: {link} answered {}",
            answer.status
        );
        followed.push(what.to_owned());
    }
    for wanted in ["runbook", "dashboard", "prometheus", "silence"] {
        ensure!(
            followed.iter().any(|what| what.starts_with(wanted)),
            "no link to {wanted} in {message}"
        );
    }
    Ok(followed.join(", "))
}

/// Port and path of a link to this machine.
fn local(link: &str) -> Result<(u16, &str)> {
    let rest = link
        .strip_prefix("http://localhost:")
        .with_context(|| format!("{link} leads elsewhere"))?;
    let (port, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    // What follows the hash is the page's own business.
    let path = path.split('#').next().unwrap_or_default();
    Ok((port.parse()?, if path.is_empty() { "/" } else { path }))
}

/// The port of this stack for one that is its own, or that is the default: the rules' links have the ports of `.env`.
fn stack_port(stack: &Stack, port: u16) -> Option<u16> {
    let defaults = dot_env();
    let found = stack.ports().iter().find(|(name, own)| {
        *own == port
            || defaults
                .get(*name)
                .is_some_and(|set| *set == port.to_string())
    });
    found.map(|(_, own)| *own)
}
