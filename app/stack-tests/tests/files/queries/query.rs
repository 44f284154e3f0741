//! What is wrong with one query, given the series there are.

use promql_parser::label::MatchOp;

use stack::promql::{Parts, Selector};

use super::series::{Catalog, Series, TARGET_LABELS, Values};

/// A rate needs this many scrapes in its window.
const SCRAPES: u32 = 4;

/// Everything that is wrong with a query; nothing if it is right.
pub(crate) fn problems(catalog: &Catalog, expr: &str) -> Vec<String> {
    let parts = match Parts::of(expr) {
        Ok(parts) => parts,
        Err(failure) => return vec![failure.to_string()],
    };
    let mut problems = parts.traps.clone();
    let mut labels = parts.made.clone();
    for selector in &parts.selectors {
        let names = catalog.matching(selector);
        if names.is_empty() {
            problems.push(format!("nobody exposes {}", selector.vector));
        }
        problems.extend(matchers(catalog, selector, &names));
        problems.extend(window(selector, &names));
        for (_, series) in names {
            labels.extend(series.labels.keys().cloned());
        }
    }
    labels.extend(TARGET_LABELS.map(ToOwned::to_owned));
    labels.insert("__name__".to_owned());
    for label in parts.grouping.difference(&labels) {
        problems.push(format!("no series in it has the label {label:?}"));
    }
    for names in &parts.pairs {
        let [one, other] = names.each_ref().map(|name| catalog.series.get(name));
        if let (Some(one), Some(other)) = (one, other)
            && one.labels.keys().ne(other.labels.keys())
        {
            let [one, other] = names;
            problems.push(format!("{one} and {other} never have the same labels"));
        }
    }
    for (number, bucket) in &parts.thresholds {
        problems.extend(threshold(catalog, *number, bucket));
    }
    problems
}

/// Matchers for labels or values that no series of these names has.
fn matchers(catalog: &Catalog, selector: &Selector, names: &[(&str, &Series)]) -> Vec<String> {
    let mut problems = Vec::new();
    for matcher in &selector.vector.matchers.matchers {
        let label = matcher.name.as_str();
        let wanted = |value: &String| match &matcher.op {
            MatchOp::Equal | MatchOp::NotEqual => *value == matcher.value,
            MatchOp::Re(regex) | MatchOp::NotRe(regex) => regex.is_match(value),
        };
        if label == "job" && !catalog.jobs.keys().any(wanted) {
            problems.push(format!("{matcher}: there is no such job"));
        }
        let of_another_job = |series: &Series| {
            let job = series.job.as_ref();
            label == "job" && job.is_some_and(|job| !matcher.is_match(job))
        };
        if names.iter().any(|(_, series)| of_another_job(series)) {
            problems.push(format!("{matcher}: another job exposes it"));
        }
        let known = names.iter().filter_map(|(_, series)| series.values(label));
        let known: Vec<_> = known.collect();
        if known.is_empty() && !names.is_empty() {
            problems.push(format!("{matcher}: there is no such label"));
        }
        let has = |values: &Values| values.as_ref().is_none_or(|all| all.iter().any(wanted));
        let some = known.iter().any(|values| has(values));
        if !known.is_empty() && !some && !matcher.value.is_empty() {
            problems.push(format!("{matcher}: the label never has that value"));
        }
    }
    problems
}

/// A window that holds too few samples, or a function that does not suit the type.
fn window(selector: &Selector, names: &[(&str, &Series)]) -> Vec<String> {
    let mut problems = Vec::new();
    for (name, series) in names {
        let shortest = series.interval * SCRAPES;
        // These ask for one sample, or for none.
        let function = selector.function.unwrap_or_default();
        let one = matches!(function, "last_over_time" | "absent_over_time");
        if let Some(window) = selector.window.filter(|window| !one && *window < shortest) {
            problems.push(format!(
                "{name}: {window:?} holds fewer than {SCRAPES} samples, which come every {:?}",
                series.interval
            ));
        }
        let counts = series.counts(name);
        match selector.function {
            Some(function @ ("rate" | "irate" | "increase")) if !counts => {
                problems.push(format!("{function}() of {name}, a {}", series.kind));
            }
            Some(function @ ("delta" | "idelta" | "deriv")) if counts => {
                problems.push(format!("{function}() of {name}, which is reset to 0"));
            }
            _ => {}
        }
    }
    problems
}

/// A number that a quantile cannot be compared with: between two bounds it is a guess, at the last one a ceiling.
fn threshold(catalog: &Catalog, number: f64, bucket: &str) -> Option<String> {
    let bounds = catalog.bounds(bucket);
    let is = |bound: &f64| (bound - number).abs() < f64::EPSILON;
    if number == 0.0 || bounds.iter().any(is) && !bounds.last().is_some_and(is) {
        return None;
    }
    Some(format!(
        "{number} is no bucket bound of {bucket} with a larger one above it: {bounds:?}"
    ))
}
