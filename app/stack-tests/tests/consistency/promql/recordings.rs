//! Recording rules: their names, their windows, the order in which they read each other, and whether anybody reads them.

use std::collections::BTreeSet;

use super::parts::Parts;
use super::rules::Rule;
use super::series::Catalog;

/// The labels that can stand in a level.
const LEVELS: [&str; 4] = ["instance", "job", "long_window", "slo"];

/// The labels of a recorded name's level: `job_slo:order_errors:ratio_rate5m` is by job and slo.
pub(crate) fn level(name: &str) -> Option<Vec<&str>> {
    let mut rest = name.split(':').next()?;
    let mut labels = Vec::new();
    while !rest.is_empty() {
        let label = LEVELS.iter().find(|label| {
            let after = rest.strip_prefix(**label);
            after.is_some_and(|after| after.is_empty() || after.starts_with('_'))
        })?;
        labels.push(*label);
        rest = rest[label.len()..].trim_start_matches('_');
    }
    (!labels.is_empty()).then_some(labels)
}

/// The window in a recorded name's operations: `ratio_rate5m` is over `5m`.
pub(crate) fn window(name: &str) -> Option<&str> {
    let operations = name.rsplit(':').next()?;
    let window = operations.rsplit('_').next()?.strip_prefix("rate")?;
    (!window.is_empty()).then_some(window)
}

/// Everything that is wrong with the rules as a whole. `elsewhere` are the queries outside of rules.
pub(crate) fn problems(catalog: &Catalog, rules: &[Rule], elsewhere: &[String]) -> Vec<String> {
    let mut problems = Vec::new();
    let mut read: BTreeSet<String> = BTreeSet::new();
    for expr in elsewhere {
        read.extend(reads(catalog, expr));
    }
    for (position, rule) in rules.iter().enumerate() {
        let names = reads(catalog, &rule.expr);
        let later = rules[position..].iter().filter(|other| {
            other.group == rule.group && other.record().is_some_and(|name| names.contains(name))
        });
        problems.extend(later.map(|other| {
            let other = other.name();
            format!(
                "{} reads {other}, which its group records only later",
                rule.name()
            )
        }));
        if let Some(name) = rule.record() {
            problems.extend(convention(name, rule, &names));
        }
        read.extend(names);
    }
    let recorded: BTreeSet<_> = rules.iter().filter_map(Rule::record).collect();
    let unread = recorded.iter().filter(|name| !read.contains(**name));
    problems.extend(unread.map(|name| format!("nobody reads {name}")));
    problems
}

/// The recorded names that an expression reads.
pub(crate) fn reads(catalog: &Catalog, expr: &str) -> BTreeSet<String> {
    let parts = Parts::of(expr).unwrap_or_default();
    let selectors = parts.selectors.iter();
    selectors
        .flat_map(|selector| selector.names(catalog))
        .filter(|(_, series)| series.kind == "recorded")
        .map(|(name, _)| name.to_owned())
        .collect()
}

/// `level:metric:operations`, and that the expression keeps what the name promises.
fn convention(name: &str, rule: &Rule, reads: &BTreeSet<String>) -> Vec<String> {
    let words: Vec<_> = name.split(':').collect();
    let [_, metric, operations] = words[..] else {
        return vec![format!("{name} is not level:metric:operations")];
    };
    let Some(level) = level(name) else {
        return vec![format!("{name}: its level names labels that are none")];
    };
    let mut problems = Vec::new();
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if metric.is_empty() || !metric.chars().all(plain) {
        problems.push(format!("{name}: {metric:?} is no metric"));
    }
    let operation = |word: &str| word == "ratio" || word.starts_with("rate");
    if !operations.split('_').all(operation) {
        problems.push(format!("{name}: {operations:?} are no operations"));
    }

    let parts = Parts::of(&rule.expr).unwrap_or_default();
    let by = parts.grouping.iter().map(String::as_str);
    let inherited = reads.iter().filter_map(|name| self::level(name)).flatten();
    let has: BTreeSet<_> = by.chain(inherited).collect();
    let own = rule.labels.keys().map(String::as_str);
    let all: BTreeSet<_> = own.chain(has.iter().copied()).collect();
    let level: BTreeSet<_> = level.into_iter().collect();
    if !level.is_subset(&all) || !has.is_subset(&level) {
        problems.push(format!("{name}: its series have the labels {all:?}"));
    }

    if let Some(window) = window(name) {
        let over = promql_parser::util::parse_duration(window).ok();
        let windows = parts.selectors.iter().filter_map(|one| one.window);
        let others = reads.iter().filter_map(|read| self::window(read));
        if windows.clone().any(|other| Some(other) != over)
            || others.clone().any(|other| other != window)
        {
            problems.push(format!("{name} is not over {window} alone"));
        }
    }
    problems
}
