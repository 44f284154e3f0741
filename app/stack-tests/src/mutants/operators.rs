//! The mutations of an expression: each is one small change that a test of the rules should notice.

use std::ops::Range;

use promql_parser::parser::parse;

use super::tokens::{self, Kind, Token};

/// A change of a text: what is replaced, and by what.
pub(super) type Change = (Range<usize>, String);

/// What becomes of operators outside of matchers.
const OPERATORS: [(&str, &[&str]); 11] = [
    (">", &[">=", "<"]),
    ("<", &["<=", ">"]),
    (">=", &[">", "<="]),
    ("<=", &["<", ">="]),
    ("==", &["!="]),
    ("!=", &["=="]),
    ("/", &["*"]),
    ("*", &["/"]),
    ("-", &["+"]),
    ("+", &["-"]),
    ("%", &["/"]),
];

const MATCHERS: [(&str, &[&str]); 4] = [
    ("=", &["!="]),
    ("!=", &["="]),
    ("=~", &["!~"]),
    ("!~", &["=~"]),
];

const SETS: [(&str, &[&str]); 3] = [
    ("and", &["or", "unless"]),
    ("or", &["and"]),
    ("unless", &["and"]),
];

/// Functions and aggregations, by the nearest wrong one.
const CALLS: [(&str, &[&str]); 20] = [
    ("rate", &["increase"]),
    ("increase", &["rate"]),
    ("irate", &["rate"]),
    ("delta", &["increase"]),
    ("changes", &["resets"]),
    ("resets", &["changes"]),
    ("max_over_time", &["min_over_time"]),
    ("min_over_time", &["max_over_time"]),
    ("avg_over_time", &["max_over_time"]),
    ("sum_over_time", &["max_over_time"]),
    ("last_over_time", &["max_over_time"]),
    ("count_over_time", &["sum_over_time"]),
    ("clamp_min", &["clamp_max"]),
    ("clamp_max", &["clamp_min"]),
    ("sum", &["max"]),
    ("max", &["min"]),
    ("min", &["max"]),
    ("avg", &["max"]),
    ("count", &["sum"]),
    ("topk", &["bottomk"]),
];

/// The words before a list of labels in parentheses.
const LABELS: [&str; 6] = [
    "by",
    "without",
    "on",
    "ignoring",
    "group_left",
    "group_right",
];

/// Every mutation of an expression that is still one: what Prometheus refuses needs no test.
pub(super) fn of(text: &str) -> Vec<Change> {
    let tokens = tokens::of(text);
    let mut changes = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let mut replace = |all: &mut dyn Iterator<Item = String>| {
            changes.extend(all.map(|by| (token.range.clone(), by)));
        };
        let next = tokens.get(at + 1);
        match token.kind {
            Kind::Number if !token.in_matchers => replace(&mut numbers(token.text).into_iter()),
            Kind::Duration if !token.in_matchers => replace(&mut durations(token.text).into_iter()),
            Kind::Sign if token.in_matchers => replace(&mut swapped(&MATCHERS, token)),
            Kind::Sign => replace(&mut swapped(&OPERATORS, token)),
            Kind::Word if next.is_some_and(|next| next.is("(") || next.is_any(&LABELS)) => {
                replace(&mut swapped(&CALLS, token));
            }
            _ => {}
        }
        if token.kind == Kind::Word && !token.in_matchers {
            changes.extend(swapped(&SETS, token).map(|by| (token.range.clone(), by)));
        }
        changes.extend(removals(&tokens, at).map(|range| (range, String::new())));
    }
    let valid = |(range, by): &Change| parse(&changed(text, range, by)).is_ok();
    changes.retain(valid);
    changes
}

/// A text with a part of it replaced.
pub(super) fn changed(text: &str, range: &Range<usize>, by: &str) -> String {
    format!("{}{by}{}", &text[..range.start], &text[range.end..])
}

fn swapped(table: &[(&str, &[&str])], token: &Token) -> impl Iterator<Item = String> {
    let found = table.iter().find(|(from, _)| token.is(from));
    let to = found.map(|(_, to)| *to).unwrap_or_default();
    to.iter()
        .map(|to| (*to).to_owned())
        .collect::<Vec<_>>()
        .into_iter()
}

/// A tenth more and less; of small whole numbers one more and one less, since there are no orders and replicas between them.
fn numbers(text: &str) -> Vec<String> {
    let Ok(number) = text.parse::<f64>() else {
        return Vec::new();
    };
    if number == 0.0 {
        return vec!["1".to_owned()];
    }
    let whole = number.fract() == 0.0 && number < 10.0;
    let step = if whole { 1.0 } else { number / 10.0 };
    // Without the last digits of what has no exact binary form.
    let rounded = |number: f64| (number * 1e6).round() / 1e6;
    vec![
        rounded(number + step).to_string(),
        rounded(number - step).to_string(),
    ]
}

/// Half of a duration and twice it.
pub(super) fn durations(text: &str) -> Vec<String> {
    let Ok(duration) = promql_parser::util::parse_duration(text) else {
        return Vec::new();
    };
    [duration / 2, duration * 2]
        .map(|duration| {
            let millis = duration.as_millis();
            let units = [
                ("d", 86_400_000),
                ("h", 3_600_000),
                ("m", 60_000),
                ("s", 1000),
            ];
            let (unit, size) = units
                .into_iter()
                .find(|(_, size)| millis.is_multiple_of(*size))
                .unwrap_or(("ms", 1));
            format!("{}{unit}", millis / size)
        })
        .into()
}

/// What is left out at a token: a matcher, a label that is grouped by, a comparison with a number, one side of a set operator.
fn removals(tokens: &[Token], at: usize) -> impl Iterator<Item = Range<usize>> {
    let token = &tokens[at];
    let next = tokens.get(at + 1);
    let mut found = Vec::new();
    if token.in_matchers && token.kind == Kind::Word {
        // A name, an operator and a text.
        found.push(element(tokens, at, at + 2));
    }
    if token.is_any(&LABELS) && next.is_some_and(|next| next.is("(")) {
        let labels = tokens[at + 2..].iter().take_while(|inner| !inner.is(")"));
        let places = (at + 2..).zip(labels).filter(|(_, label)| !label.is(","));
        found.extend(places.map(|(place, _)| element(tokens, place, place)));
    }
    let comparison = token.is_any(&[">", "<", ">=", "<=", "==", "!="]) && !token.in_matchers;
    if comparison && let Some(number) = next.filter(|next| next.kind == Kind::Number) {
        found.push(token.range.start..number.range.end);
    }
    if token.is_any(&["and", "or", "unless"]) && !token.in_matchers {
        found.extend(sides(tokens, at));
    }
    found.into_iter()
}

/// An element of a list in brackets, with a comma beside it.
fn element(tokens: &[Token], first: usize, last: usize) -> Range<usize> {
    let end = |at: usize| tokens.get(at).map_or(usize::MAX, |token| token.range.end);
    if tokens.get(last + 1).is_some_and(|after| after.is(",")) {
        tokens[first].range.start..end(last + 1)
    } else if tokens[first - 1].is(",") {
        tokens[first - 1].range.start..end(last)
    } else {
        tokens[first].range.start..end(last)
    }
}

/// The left side with the operator, and the operator with the right side.
fn sides(tokens: &[Token], at: usize) -> [Range<usize>; 2] {
    let operator = &tokens[at];
    // `or` binds weaker than the others.
    let left_ends: &[&str] = if operator.is("or") {
        &[","]
    } else {
        &[",", "or"]
    };
    let right_ends: &[&str] = if operator.is("or") {
        &[",", "or"]
    } else {
        &[",", "or", "and", "unless"]
    };
    let outside = |token: &Token, ends: &[&str]| {
        token.depth < operator.depth || token.depth == operator.depth && token.is_any(ends)
    };
    let before = tokens[..at]
        .iter()
        .rposition(|token| outside(token, left_ends));
    let first = before.map_or(0, |before| before + 1);
    let after = tokens[at + 1..]
        .iter()
        .position(|token| outside(token, right_ends));
    let last = after.map_or(tokens.len(), |after| at + 1 + after) - 1;
    // The right side begins after `on (…)`.
    let mut right = at + 1;
    while tokens.get(right).is_some_and(|token| token.is_any(&LABELS)) {
        let close = tokens[right..].iter().position(|token| token.is(")"));
        right += close.map_or(1, |close| close + 1);
    }
    let right = tokens.get(right).unwrap_or(operator);
    [
        tokens[first].range.start..right.range.start,
        tokens[at - 1].range.end..tokens[last].range.end,
    ]
}
