//! Reads the rules and runs their tests with promtool.

use std::collections::BTreeSet;
use std::process::{Command, Output};
use std::{env, fs};

use anyhow::{Context, Result, ensure};
use promql_parser::parser::parse;
use serde_json::Value;

use super::{FILE, TASKS, named};
use crate::practice::Judgement;
use crate::practice::workplace::Workplace;

/// Where the tests of the rules are.
const TESTS: &str = "observability/prometheus/tests";
/// How the names of their files begin.
const TESTS_BEGIN: &str = "order-service";

/// What each rule must say to the person who is called.
const ANNOTATIONS: [&str; 4] = ["summary", "description", "runbook_url", "dashboard_url"];

/// Runs the tests of the rules.
///
/// # Errors
/// promtool cannot be run.
pub fn test(workplace: &Workplace) -> Result<Output> {
    promtool(workplace, &tests(workplace)?)
}

/// Reads the rules and runs their tests.
///
/// # Errors
/// promtool cannot be run.
pub fn judge(workplace: &Workplace) -> Result<Judgement> {
    let mut judgement = Judgement::default();
    let text = workplace.read(FILE)?;
    let rules: Value = match serde_saphyr::from_str(&text) {
        Ok(rules) => rules,
        Err(failure) => {
            judgement.miss(
                format!("{FILE} is not valid YAML: {failure}"),
                "compare its indentation with that of the other rules in the file",
            );
            return Ok(judgement);
        }
    };
    for (alert, _) in TASKS {
        judge_rule(&rules, alert, &mut judgement);
    }
    if !judgement.missing.is_empty() {
        return Ok(judgement);
    }
    let output = test(workplace)?;
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    for name in failed_tests(&said) {
        judgement.miss(
            name,
            format!("look for this test in {TESTS}: it says which alert is expected at which time"),
        );
    }
    judgement.note("promtool test rules passes", output.status.success());
    ensure!(
        output.status.success() || said.contains("FAILED"),
        "promtool could not test the rules: {said}"
    );
    Ok(judgement)
}

/// The arguments of promtool that run the tests of these rules.
fn tests(workplace: &Workplace) -> Result<Vec<String>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(workplace.root().join(TESTS)).context(TESTS)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.starts_with(TESTS_BEGIN) {
            files.push(name);
        }
    }
    ensure!(
        !files.is_empty(),
        "there are no tests of the rules in {TESTS}"
    );
    files.sort();
    let words = ["test", "rules"].map(ToOwned::to_owned);
    Ok(words.into_iter().chain(files).collect())
}

/// What can be seen without running anything.
fn judge_rule(rules: &Value, alert: &str, judgement: &mut Judgement) {
    let Some(rule) = named(rules, alert).first().copied() else {
        judgement.miss(
            format!("the rule {alert}"),
            format!("write `- alert: {alert}` in {FILE}, with expr, for, labels and annotations"),
        );
        return;
    };
    judgement.note(format!("the rule {alert}"), true);
    match rule["expr"].as_str().map(parse) {
        Some(Ok(_)) => judgement.note(format!("the expression of {alert} is valid PromQL"), true),
        Some(Err(failure)) => judgement.miss(
            format!("the expression of {alert} is not valid PromQL: {failure}"),
            "try it at http://localhost:9090/graph first",
        ),
        None => judgement.miss(
            format!("{alert} has no `expr`"),
            "add `expr`, the condition that must be true",
        ),
    }
    let has = |value: &Value| value.as_str().is_some_and(|text| !text.trim().is_empty());
    judgement.note(format!("{alert} has a `for`"), has(&rule["for"]));
    judgement.note(
        format!("{alert} has a severity"),
        has(&rule["labels"]["severity"]),
    );
    for name in ANNOTATIONS {
        judgement.note(
            format!("{alert} has a {name}"),
            has(&rule["annotations"][name]),
        );
    }
}

/// What promtool lists as failed: tests by their names, and queries with what was expected of them and what they returned.
fn failed_tests(said: &str) -> BTreeSet<String> {
    let mut failed = BTreeSet::new();
    let mut query = "";
    let mut expected = "";
    for line in said.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix("name: ") {
            failed.insert(name.trim_end_matches(',').to_owned());
        } else if let Some(rest) = line.strip_prefix("expr: ") {
            query = rest.trim_end_matches(',');
        } else if let Some(rest) = line.strip_prefix("exp: ") {
            expected = rest;
        } else if let Some(got) = line.strip_prefix("got: ").filter(|_| !query.is_empty()) {
            failed.insert(format!("{query}: expected {expected}, but got {got}"));
            query = "";
        }
    }
    failed
}

/// promtool in the folder of the tests: one that is installed (`PROMTOOL` or on the path), or that of the stack's image.
fn promtool(workplace: &Workplace, arguments: &[String]) -> Result<Output> {
    let folder = workplace.root().join("observability/prometheus");
    let own = env::var("PROMTOOL").unwrap_or_else(|_| "promtool".to_owned());
    let run = Command::new(own)
        .args(arguments)
        .current_dir(folder.join("tests"))
        .output();
    if let Ok(output) = run {
        return Ok(output);
    }
    let images = Command::new("docker")
        .args(["compose", "config", "--images", "prometheus"])
        .current_dir(workplace.root())
        .output()
        .context("neither promtool nor docker can be run")?;
    let images = String::from_utf8_lossy(&images.stdout).into_owned();
    let image = images
        .lines()
        .find(|image| image.contains("prometheus"))
        .context("the compose file names no image for prometheus")?;
    let mount = format!("{}:/etc/prometheus:ro", folder.canonicalize()?.display());
    let docker = ["run", "--rm", "--network", "none", "--volume", &mount];
    Command::new("docker")
        .args(docker)
        .args([
            "--workdir",
            "/etc/prometheus/tests",
            "--entrypoint",
            "promtool",
            image,
        ])
        .args(arguments)
        .output()
        .context("docker cannot be run")
}

#[cfg(test)]
mod tests {
    use stack_tests::repository;

    use super::*;

    #[test]
    fn the_rules_as_they_stand_are_complete() {
        let parsed: Value = serde_saphyr::from_str(&repository::read(FILE)).expect("YAML");
        let mut judgement = Judgement::default();
        for (alert, _) in TASKS {
            judge_rule(&parsed, alert, &mut judgement);
        }
        assert!(judgement.is_complete(), "{:?}", judgement.missing);
    }

    #[test]
    fn a_rule_that_says_too_little_is_told_what() {
        let rules = "groups:\n- rules:\n  - alert: HighLatency\n    expr: p95( > 2\n";
        let parsed: Value = serde_saphyr::from_str(rules).expect("YAML");
        let mut judgement = Judgement::default();
        judge_rule(&parsed, "HighLatency", &mut judgement);
        assert_eq!(judgement.right, ["the rule HighLatency"]);
        assert_eq!(judgement.missing.len(), 7, "{:?}", judgement.missing);
    }
    #[test]
    fn a_failed_query_is_told_with_what_it_should_return() {
        let said = "  FAILED:\n    expr: \"ALERTS{alertname=\\\"HighErrorRate\\\"}\", time: 7m,\n        exp: {alertstate=\"pending\"} 1E+00\n        got: nil\n\
                    \n  FAILED:\n    name: ten orders,\n    alertname: HighErrorRate, time: 2m,\n        exp:[]\n";
        let failed: Vec<_> = failed_tests(said).into_iter().collect();
        assert_eq!(
            failed,
            [
                "\"ALERTS{alertname=\\\"HighErrorRate\\\"}\", time: 7m: expected {alertstate=\"pending\"} 1E+00, but got nil",
                "ten orders",
            ]
        );
    }
}
