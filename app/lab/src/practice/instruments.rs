//! The instruments: the body of `create_metrics()` and the recording are taken out, the tests of order-service are the marker.
//!
//! What is taken out is found by Rust's syntax, so that an edit elsewhere in the file moves nothing.

use std::collections::BTreeMap;
use std::ops::Range;
use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};
use syn::{Block, ImplItem, Item, Type};

use super::Judgement;
use super::workplace::Workplace;

/// Where all instruments are.
pub const FILE: &str = "app/order-service/src/metrics/instruments.rs";

/// What stands in a gap.
const MARK: &str = "PRACTICE";

/// Failing tests that are shown: each says the same in other words.
const SHOWN: usize = 5;

/// The function whose body is taken out, and the task that is left there.
const CREATE: (&str, &str) = (
    "create_metrics",
    "
    // PRACTICE: create the instruments that `Metrics` holds, with `meter`: two counters, three histograms in seconds with the
    // bounds above, an UpDownCounter. Names have dots (orders.processed) and no unit; the exporter adds `_total` and the unit.
    // Then start every known series at 0 and create the gauges: the functions for both are below.
    // Names, help, labels and buckets: tests/golden/metrics.txt
    todo!(\"practice: make the instruments\")
",
);

/// The methods of `impl OrderEvents for Metrics` whose bodies are taken out.
const RECORD: [(&str, &str); 3] = [
    (
        "picked_up",
        "
        // PRACTICE: record how long the order waited, in seconds.
    ",
    ),
    (
        "finished",
        "
        // PRACTICE: record how long the order took, and count it by how it ended. `status_labels` has the labels.
    ",
    ),
    (
        "rejected",
        "
        // PRACTICE: count the refused order by its reason. `reason_labels` has the labels.
    ",
    ),
];

/// The file with the gap in it.
///
/// # Errors
/// Something that should be taken out is not there.
pub fn gap(committed: &str) -> Result<String> {
    let mut text = committed.to_owned();
    for cut in cuts(committed)? {
        text.replace_range(cut.range, cut.task);
    }
    Ok(text)
}

/// The file with each piece taken out by itself.
///
/// # Errors
/// Something that should be taken out is not there.
pub fn single_gaps(committed: &str) -> Result<Vec<String>> {
    let cut = |cut: Cut| {
        let mut text = committed.to_owned();
        text.replace_range(cut.range, cut.task);
        text
    };
    Ok(cuts(committed)?.into_iter().map(cut).collect())
}

/// The present file with the committed bodies in it; the whole committed file where it is not Rust with these functions.
///
/// # Errors
/// A body is not in the committed file.
pub fn solved(current: &str, committed: &str) -> Result<String> {
    let originals = cuts(committed)?;
    let Ok(places) = bodies(current) else {
        return Ok(committed.to_owned());
    };
    let mut text = current.to_owned();
    for place in places {
        let original = originals.iter().find(|cut| cut.name == place.name);
        let original = original.context("the same functions in both")?;
        text.replace_range(place.range, &committed[original.range.clone()]);
    }
    Ok(text)
}

/// What is taken out where, and what is left there.
struct Cut {
    name: &'static str,
    range: Range<usize>,
    task: &'static str,
}

/// The bodies of a file without a gap.
fn cuts(committed: &str) -> Result<Vec<Cut>> {
    ensure!(
        !committed.contains(MARK),
        "the committed {FILE} has a gap already; commit the solution first: scripts/lab solution instruments"
    );
    bodies(committed)
}

/// The bodies; the last comes first, so that what is still to be replaced stays where it is.
fn bodies(text: &str) -> Result<Vec<Cut>> {
    let parsed = syn::parse_file(text).context(FILE)?;
    let (name, task) = CREATE;
    let range = function(&parsed.items, name)?;
    let mut cuts = vec![Cut { name, range, task }];
    for (name, task) in RECORD {
        let range = method(&parsed.items, name)?;
        cuts.push(Cut { name, range, task });
    }
    cuts.sort_by_key(|cut| std::cmp::Reverse(cut.range.start));
    Ok(cuts)
}

/// Where the body of the function is.
fn function(items: &[Item], name: &str) -> Result<Range<usize>> {
    let found = items.iter().find_map(|item| match item {
        Item::Fn(function) if function.sig.ident == name => Some(inside(&function.block)),
        _ => None,
    });
    found.with_context(|| format!("{FILE} has no function {name}"))
}

/// Where the body of the recording method is.
fn method(items: &[Item], name: &str) -> Result<Range<usize>> {
    let is_named =
        |ty: &Type, name: &str| matches!(ty, Type::Path(path) if path.path.is_ident(name));
    let found = items
        .iter()
        .filter_map(|item| match item {
            Item::Impl(block) if is_named(&block.self_ty, "Metrics") => Some(block),
            _ => None,
        })
        .filter(|block| {
            let of = block.trait_.as_ref().map(|(path, _)| path);
            of.is_some_and(|path| path.is_ident("OrderEvents"))
        })
        .flat_map(|block| &block.items)
        .find_map(|item| match item {
            ImplItem::Fn(method) if method.sig.ident == name => Some(inside(&method.block)),
            _ => None,
        });
    found.with_context(|| format!("{FILE} does not implement OrderEvents::{name} for Metrics"))
}

/// Between the braces.
fn inside(block: &Block) -> Range<usize> {
    let braces = block.brace_token.span;
    braces.open().byte_range().end..braces.close().byte_range().start
}

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
    use stack_tests::repository;

    use super::*;

    #[test]
    fn exactly_the_four_bodies_are_taken_out() {
        let committed = repository::read(FILE);
        let gap = gap(&committed).expect("all four are there");
        syn::parse_file(&gap).expect("the gap is Rust");
        assert_eq!(gap.matches(MARK).count(), 4);
        let kept: Vec<_> = gap.lines().filter(|line| !line.contains("//")).collect();
        assert!(kept.contains(&"impl OrderEvents for Metrics {"));
        assert!(
            kept.iter()
                .any(|line| line.contains("fn create_series(&self)"))
        );
        for taken in [
            "u64_counter",
            "order_duration.record",
            "orders_rejected.add(1",
        ] {
            assert!(committed.contains(taken) && !gap.contains(taken), "{taken}");
        }
    }

    #[test]
    fn the_solution_leaves_all_else_as_it_is() {
        let committed = repository::read(FILE);
        let gap = gap(&committed).expect("all four are there");
        let mine = "\n/// Of the learner.\nconst MINE: u8 = 1;\n";
        let solved_with = |current: String| solved(&current, &committed).expect("all are there");
        assert_eq!(
            solved_with(gap.clone() + mine),
            format!("{committed}{mine}")
        );
        let unclosed = gap.replacen('}', "", 1);
        assert_eq!(solved_with(unclosed), committed);
    }

    #[test]
    fn a_gap_is_not_cut_into_a_gap() {
        let once = gap(&repository::read(FILE)).expect("all four are there");
        assert!(gap(&once).is_err());
    }

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
