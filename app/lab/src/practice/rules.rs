//! The two rules: taken out of the rule file by their names, promtool's tests are the marker.

mod marker;

use anyhow::{Context, Result};
use serde_json::Value;

pub use marker::{judge, test};

/// Where the rules are.
pub const FILE: &str = "observability/prometheus/rules/order-service.yml";

/// The rules that are taken out, and the task that is left in their place.
const TASKS: [(&str, &str); 2] = [
    (
        "HighErrorRate",
        "      # PRACTICE HighErrorRate (critical): of the orders in the last 5 minutes, more than 20 % failed, and there were at least 10
      # orders; fires when this is true for 2 minutes. Use sum by (job) on both sides. Take summary and description from
      # the tests, with {{ $value | humanizePercentage }} where they show the number, and the form of the runbook and dashboard URLs
      # from the rules below.
",
    ),
    (
        "HighLatency",
        "      # PRACTICE HighLatency (warning): the 95th percentile of the order duration in the last 5 minutes is above 2 s, and there
      # were at least 10 orders; fires when this is true for 1 minute. Sum by job and le before the quantile. In its texts the number is
      # {{ $value | humanizeDuration }}.
",
    ),
];

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
        for (alert, _) in TASKS {
            assert!(super::named(&parsed, alert).is_empty());
        }
    }

    #[test]
    fn the_solution_leaves_other_rules_as_they_are() {
        let committed = repository::read(FILE);
        let gap = gap(&committed).expect("both are there");
        let (alert, task) = TASKS[0];
        let mine = "      - alert: OrderWorkersExhausted\n        expr: order_queue_depth > 0\n";
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
}
