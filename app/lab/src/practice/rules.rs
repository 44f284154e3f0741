//! The two rules: taken out of the rule file by their names, promtool's tests are the marker.

use std::collections::BTreeSet;
use std::process::{Command, Output};
use std::{env, fs};

use anyhow::{Context, Result, ensure};
use promql_parser::parser::parse;
use serde_json::Value;

use super::Judgement;
use super::workplace::Workplace;

/// Where the rules are.
pub const FILE: &str = "observability/prometheus/rules/order-service.yml";
/// Where it is written when each of them must fire: files that begin like the rules'.
const TESTS: &str = "observability/prometheus/tests";
const TESTS_BEGIN: &str = "order-service";

/// The rules that are taken out, and the task that is left in their place.
const TASKS: [(&str, &str); 2] = [
    (
        "HighErrorRate",
        "      # PRACTICE HighErrorRate (critical): of the orders in the last 5 minutes, more than 20 % failed, and there were at least 10
      # orders; fires when this is true for 2 minutes. Use sum by (job) on both sides. Copy summary and description from the
      # tests, and the form of the runbook and dashboard URLs from the rules below.
",
    ),
    (
        "HighLatency",
        "      # PRACTICE HighLatency (warning): the 95th percentile of the order duration in the last 5 minutes is above 2 s, and there
      # were at least 10 orders; fires when this is true for 1 minute. Sum by job and le before the quantile.
",
    ),
];

const ANNOTATIONS: [&str; 4] = ["summary", "description", "runbook_url", "dashboard_url"];

/// The text of one rule, from its `- alert:` to the next entry.
///
/// # Errors
/// There is no such rule.
pub fn block<'a>(rules: &'a str, alert: &str) -> Result<&'a str> {
    let head = format!("- alert: {alert}\n");
    let at = rules
        .find(&head)
        .with_context(|| format!("{FILE} has no rule {alert}"))?;
    let start = rules[..at].rfind('\n').map_or(0, |line| line + 1);
    let indentation = &rules[start..at];
    let body = at + head.len();
    let mut end = body;
    for line in rules[body..].split_inclusive('\n') {
        let inside = line.starts_with(&format!("{indentation}  ")) || line.trim().is_empty();
        if !inside {
            break;
        }
        end += line.len();
    }
    let text = &rules[start..end];
    // The empty line before the next rule is not part of this one.
    Ok(&text[..=text.trim_end().len()])
}

/// The file with the gap in it.
///
/// # Errors
/// One of the rules is not there.
pub fn gap(committed: &str) -> Result<String> {
    let mut text = committed.to_owned();
    for (alert, task) in TASKS {
        let rule = block(committed, alert)?;
        text = text.replacen(rule, task, 1);
    }
    Ok(text)
}

/// The file with each rule taken out by itself.
///
/// # Errors
/// One of the rules is not there.
pub fn single_gaps(committed: &str) -> Result<Vec<String>> {
    let cut = |(alert, task): (&str, &str)| {
        let rule = block(committed, alert)?;
        Ok(committed.replacen(rule, task, 1))
    };
    TASKS.into_iter().map(cut).collect()
}

/// The present file with the committed rules in it, each where the learner's is or else where its task is; the whole committed
/// file where that does not work out.
///
/// # Errors
/// One of the rules is not in the committed file.
pub fn solved(current: &str, committed: &str) -> Result<String> {
    let mut text = current.to_owned();
    for (alert, task) in TASKS {
        let rule = block(committed, alert)?;
        let is_of_task = |line: &str| task.split_inclusive('\n').any(|known| known == line);
        if let Ok(theirs) = block(&text, alert) {
            text = text.replacen(theirs, rule, 1);
        } else if let Some(first) = text.split_inclusive('\n').find(|line| is_of_task(line)) {
            text = text.replacen(first, rule, 1);
        }
        text = text
            .split_inclusive('\n')
            .filter(|line| !is_of_task(line))
            .collect();
    }
    let is_whole = rules_are_same(&text, committed);
    Ok(if is_whole { text } else { committed.to_owned() })
}

/// Whether both files have the same rules of those that are taken out, and each once.
fn rules_are_same(text: &str, committed: &str) -> bool {
    let parsed = [text, committed].map(serde_saphyr::from_str::<Value>);
    let [Ok(text), Ok(committed)] = parsed else {
        return false;
    };
    TASKS.iter().all(|(alert, _)| {
        let [found, wanted] = [&text, &committed].map(|rules| named(rules, alert));
        found.len() == 1 && found == wanted
    })
}

/// The rules of this name.
fn named<'a>(rules: &'a Value, alert: &str) -> Vec<&'a Value> {
    let groups = rules["groups"].as_array().into_iter().flatten();
    groups
        .flat_map(|group| group["rules"].as_array().into_iter().flatten())
        .filter(|rule| rule["alert"] == alert)
        .collect()
}

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
            format!("there is no rule {alert}"),
            format!("write `- alert: {alert}` in {FILE}, with expr, for, labels and annotations"),
        );
        return;
    };
    judgement.note(format!("there is a rule {alert}"), true);
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

/// The names of the tests that promtool lists as failed.
fn failed_tests(said: &str) -> BTreeSet<String> {
    said.lines()
        .filter_map(|line| line.trim().strip_prefix("name: "))
        .map(|name| name.trim_end_matches(',').to_owned())
        .collect()
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
    fn exactly_the_two_rules_are_taken_out() {
        let committed = repository::read(FILE);
        let gap = gap(&committed).expect("both are there");
        let names = |text: &str| -> Vec<String> {
            let heads = text
                .lines()
                .filter_map(|l| l.trim().strip_prefix("- alert: "));
            heads.map(ToOwned::to_owned).collect()
        };
        let left: Vec<_> = names(&committed)
            .into_iter()
            .filter(|name| !TASKS.iter().any(|(taken, _)| taken == name))
            .collect();
        assert_eq!(names(&gap), left);
        assert!(!left.is_empty() && gap.matches("PRACTICE").count() == 2);
        let parsed: Value = serde_saphyr::from_str(&gap).expect("the gap is YAML");
        let mut judgement = Judgement::default();
        for (alert, _) in TASKS {
            judge_rule(&parsed, alert, &mut judgement);
        }
        assert_eq!(judgement.missing.len(), 2);
    }

    #[test]
    fn the_solution_leaves_other_rules_as_they_are() {
        let committed = repository::read(FILE);
        let gap = gap(&committed).expect("both are there");
        let (alert, task) = TASKS[0];
        let mine = "      - alert: OrderQueueStuck\n        expr: order_queue_depth > 0\n";
        let attempt = format!("      - alert: {alert}\n        expr: vector(1)\n");
        for theirs in [
            gap.clone(),
            gap.replace(task, &attempt),
            gap.replace(task, &format!("{task}{attempt}")),
        ] {
            let solved = solved(&(theirs + mine), &committed).expect("both are there");
            assert_eq!(solved, format!("{committed}{mine}"));
        }
        let unreadable = format!("{gap}  ]\n{mine}");
        assert_eq!(
            solved(&unreadable, &committed).expect("both are there"),
            committed
        );
    }

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
        assert_eq!(judgement.right, ["there is a rule HighLatency"]);
        assert_eq!(judgement.missing.len(), 7, "{:?}", judgement.missing);
    }
}
