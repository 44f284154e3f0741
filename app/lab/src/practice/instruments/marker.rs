//! Runs the tests of order-service and says what they say.

use std::collections::BTreeMap;
use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};

use super::FILE;
use crate::practice::Judgement;
use crate::practice::workplace::Workplace;

/// Failing tests that are shown: each says the same in other words.
const SHOWN: usize = 5;

/// Runs the tests of order-service.
///
/// # Errors
/// cargo cannot be run.
pub fn test(workplace: &Workplace) -> Result<Output> {
    Command::new("cargo")
        .args(["test", "--locked", "--no-fail-fast", "-p", "order-service"])
        .current_dir(workplace.root().join("app"))
        // The copy of a checkout has a target folder of its own, whatever this process was told.
        .env_remove("CARGO_TARGET_DIR")
        // Colours would hide where an error begins.
        .env("CARGO_TERM_COLOR", "never")
        .output()
        .context("cargo cannot be run")
}

/// Runs the tests of order-service and says what they say.
///
/// # Errors
/// cargo cannot be run.
pub fn judge(workplace: &Workplace) -> Result<Judgement> {
    let mut judgement = Judgement::default();
    if workplace.read(FILE)?.contains("todo!(\"practice") {
        judgement.miss(
            "create_metrics() is still empty",
            format!("replace the `todo!` in {FILE} with the instruments"),
        );
        return Ok(judgement);
    }
    println!(
        "Running the tests of order-service; the first time they are compiled, which takes a few minutes …\n"
    );
    let output = test(workplace)?;
    let said = String::from_utf8_lossy(&output.stdout);
    let problems = String::from_utf8_lossy(&output.stderr);
    if said.contains("test result:") {
        read_tests(&said, &mut judgement);
    } else {
        judgement.miss(
            format!(
                "it does not compile:\n           {}",
                first_error(&problems)
            ),
            "fix the first error; `cd app && cargo check -p order-service` checks again quickly",
        );
    }
    ensure!(
        judgement.is_complete() == output.status.success(),
        "cargo test ended with {}: {problems}",
        output.status
    );
    Ok(judgement)
}

/// The first lines of the first error; all of it where there is none.
fn first_error(problems: &str) -> String {
    let start = problems.lines().position(|line| line.starts_with("error"));
    let shown: Vec<_> = problems.lines().skip(start.unwrap_or(0)).take(6).collect();
    shown.join("\n           ")
}

/// The command that runs one test by itself.
fn command(test: &str) -> String {
    // Tests of a module are part of the library.
    let target = if test.contains("tests::") {
        "--lib"
    } else {
        "--test api"
    };
    format!("cd app && cargo test -p order-service {target} {test}")
}

/// What the golden test misses, family by family, and the other tests that fail, as the sentences they are.
fn read_tests(said: &str, judgement: &mut Judgement) {
    for (family, lines) in golden_differences(said) {
        judgement.miss(
            format!("{family}: {}", lines.join(", ")),
            format!(
                "{family} on /metrics must be as app/order-service/tests/golden/metrics.txt has it"
            ),
        );
    }
    let results = said
        .lines()
        .filter_map(|line| line.strip_prefix("test ")?.rsplit_once(" ... "));
    let (passed, failed): (Vec<_>, Vec<_>) = results
        .filter(|(_, result)| matches!(*result, "ok" | "FAILED"))
        .partition(|(_, result)| *result == "ok");
    for (name, _) in failed.iter().take(SHOWN) {
        judgement.miss(
            name.rsplit("::").next().unwrap_or(name).replace('_', " "),
            format!(
                "run the first of these tests by itself to see what it expects: {}",
                command(name)
            ),
        );
    }
    if failed.len() > SHOWN {
        judgement.note(format!("{} more tests", failed.len() - SHOWN), false);
    }
    judgement.score = Some((passed.len(), passed.len() + failed.len()));
    judgement.note(
        format!("{} tests of order-service pass", passed.len()),
        !passed.is_empty(),
    );
}

/// The lines that the golden test prints as missing or new, without labels, by family.
fn golden_differences(said: &str) -> BTreeMap<String, Vec<String>> {
    let mut families: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in said.lines() {
        let line = line.trim().trim_matches(['"', ',']);
        let Some((kind, entry)) = line.split_once(": ") else {
            continue;
        };
        if !matches!(kind, "missing" | "new") {
            continue;
        }
        let (name, what) = match entry.split(' ').collect::<Vec<_>>()[..] {
            ["#", "HELP", name, ..] => (name, "help"),
            ["#", "TYPE", name, kind] => (name, kind),
            _ => (entry.split('{').next().unwrap_or(entry), "series"),
        };
        let name = ["_bucket", "_count", "_sum"]
            .iter()
            .find_map(|suffix| name.strip_suffix(suffix))
            .unwrap_or(name);
        let found = format!("{what} {kind}");
        let lines = families.entry(name.to_owned()).or_default();
        if !lines.contains(&found) {
            lines.push(found);
        }
    }
    families
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_error_is_shown_whatever_its_kind() {
        for error in [
            "error[E0425]: cannot find value `meter` in this scope",
            "error: this file contains an unclosed delimiter",
            "error: cannot find macro `todoo` in this scope",
        ] {
            let problems =
                format!("   Compiling order-service v0.1.0\n{error}\n --> src/a.rs:1:2\n");
            let shown = first_error(&problems);
            assert!(
                shown.starts_with(error) && shown.ends_with("1:2"),
                "{shown}"
            );
        }
    }

    #[test]
    fn a_failing_test_is_named_with_the_command_that_runs_it() {
        let mut judgement = Judgement::default();
        read_tests("test orders::counts_once ... FAILED\n", &mut judgement);
        let next = judgement.next.expect("a step");
        let command = "cd app && cargo test -p order-service --test api orders::counts_once";
        assert!(next.ends_with(command), "{next}");
        assert!(super::command("http::index::tests::a").contains("--lib "));
    }

    #[test]
    fn what_the_golden_test_prints_is_told_by_family() {
        let said = r#"
test metrics::the_first_scrape_has_every_series_of_the_golden_file ... FAILED
test orders::answers_201_with_the_orders_result ... ok
    "missing: # TYPE order_duration_seconds histogram",
    "missing: order_duration_seconds_bucket{le=\"0.5\"}",
    "missing: order_duration_seconds_bucket{le=\"1\"}",
    "new: # TYPE order_duration_seconds gauge",
"#;
        let mut judgement = Judgement::default();
        read_tests(said, &mut judgement);
        assert_eq!(judgement.right, ["1 tests of order-service pass"]);
        assert_eq!(
            judgement.missing,
            [
                "order_duration_seconds: histogram missing, series missing, gauge new",
                "the first scrape has every series of the golden file",
            ]
        );
    }
}
