//! The changes of an expression, as tokens: the syntax tree of `promql-parser` has no places.

use std::ops::Range;
use std::sync::LazyLock;

use anyhow::{Result, ensure};
use promql_parser::parser::parse;
use promql_parser::util::parse_duration;
use regex_lite::Regex;

/// What is replaced, and by what.
pub(super) type Change = (Range<usize>, String);

/// What becomes of operators outside of matchers: each is replaced by the words after it.
const OPERATORS: &str = "> >= <, < <= >, >= > <=, <= < >=, == !=, != ==, / *, * /, - +, + -, % /, and or unless, or and, unless and";
const MATCHERS: &str = "= !=, != =, =~ !~, !~ =~";
/// Functions and aggregations, by the nearest wrong one.
const CALLS: &str = "rate increase, increase rate, irate rate, delta increase, changes resets, resets changes, \
    max_over_time min_over_time, min_over_time max_over_time, avg_over_time max_over_time, sum_over_time max_over_time, \
    last_over_time max_over_time, count_over_time sum_over_time, clamp_min clamp_max, clamp_max clamp_min, \
    sum max, max min, min max, avg max, count sum, topk bottomk";
/// The words before a list of labels in parentheses.
const LABELS: &str = "by without on ignoring group_left group_right";

/// Comments, texts, durations, numbers, words and signs.
static TOKEN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r#"#[^\n]*|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`"#,
        r"|(?:[0-9]+(?:ms|[smhdwy]))+\b|[0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?",
        r"|[A-Za-z_:][A-Za-z_][A-Za-z0-9_:]*|[A-Za-z_][A-Za-z0-9_:]*|=~|!~|==|!=|>=|<=|[-+*/%^<>=(){}\[\],:@]",
    ))
    .expect("a valid expression")
});

pub(super) struct Token<'a> {
    text: &'a str,
    pub(super) start: usize,
    /// The brackets that are open around it; a bracket itself stands outside.
    depth: usize,
    /// Whether it is one of the matchers of a selector.
    in_matchers: bool,
}

impl Token<'_> {
    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    fn is(&self, texts: &[&str]) -> bool {
        texts
            .iter()
            .any(|text| self.text.eq_ignore_ascii_case(text))
    }

    fn lists_labels(&self) -> bool {
        LABELS.split(' ').any(|word| self.is(&[word]))
    }

    fn begins(&self, with: impl Fn(char) -> bool) -> bool {
        self.text.starts_with(with)
    }

    /// What a table replaces it by.
    fn swapped(&self, table: &str) -> Vec<String> {
        let mut rows = table.split(", ").map(|row| row.split(' '));
        let row = rows.find_map(|mut row| self.is(&[row.next()?]).then_some(row));
        row.into_iter().flatten().map(ToOwned::to_owned).collect()
    }
}

pub(super) fn changed(text: &str, range: &Range<usize>, by: &str) -> String {
    format!("{}{by}{}", &text[..range.start], &text[range.end..])
}

/// The tokens of an expression, without comments.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let (mut depth, mut in_matchers) = (0_usize, false);
    let found = TOKEN
        .find_iter(text)
        .filter(|found| !found.as_str().starts_with('#'));
    let tokens = found.map(|found| {
        let text = found.as_str();
        if matches!(text, ")" | "]" | "}") {
            depth = depth.saturating_sub(1);
            in_matchers &= text != "}";
        }
        let token = Token {
            text,
            start: found.start(),
            depth,
            in_matchers,
        };
        if matches!(text, "(" | "[" | "{") {
            depth += 1;
            in_matchers |= text == "{";
        }
        token
    });
    tokens.collect()
}

/// Every mutation of an expression that is still one: what Prometheus refuses needs no test.
pub(super) fn of_expression(text: &str) -> Result<Vec<Change>> {
    ensure!(
        parse(text).is_ok(),
        "the expression is not written as it is read; use a plain or a block scalar: {text}"
    );
    let tokens = tokens(text);
    let mut changes = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let is_called = tokens
            .get(at + 1)
            .is_some_and(|next| next.is(&["("]) || next.lists_labels());
        let replaced = if token.in_matchers {
            token.swapped(MATCHERS)
        } else if token.begins(|c| c.is_ascii_digit() || c == '.') {
            numbers(token.text).unwrap_or_else(|| durations(token.text))
        } else if is_called && !token.swapped(CALLS).is_empty() {
            token.swapped(CALLS)
        } else {
            token.swapped(OPERATORS)
        };
        changes.extend(
            replaced
                .into_iter()
                .map(|by| (token.start..token.end(), by)),
        );
        changes.extend(
            removals(&tokens, at)
                .into_iter()
                .map(|range| (range, String::new())),
        );
    }
    changes.retain(|(range, by)| parse(&changed(text, range, by)).is_ok());
    Ok(changes)
}

/// A tenth more and less; of small whole numbers one more and one less, since there are no orders and replicas between them.
fn numbers(text: &str) -> Option<Vec<String>> {
    let number: f64 = text.parse().ok()?;
    let whole = number.fract() == 0.0 && number < 10.0;
    let step = if whole { 1.0 } else { number / 10.0 };
    // Without the last digits of what has no exact binary form.
    let rounded = |number: f64| ((number * 1e6).round() / 1e6).to_string();
    let less = (number > 0.0).then(|| rounded(number - step));
    Some([rounded(number + step)].into_iter().chain(less).collect())
}

pub(super) fn durations(text: &str) -> Vec<String> {
    let units = ["d", "h", "m", "s", "ms"].into_iter();
    let units: Vec<(_, u128)> = units
        .zip([86_400_000, 3_600_000, 60_000, 1000, 1])
        .collect();
    let duration = parse_duration(text).into_iter();
    let changed = duration.flat_map(|duration| [duration / 2, duration * 2]);
    let written = changed.filter_map(|duration| {
        let millis = duration.as_millis();
        let mut units = units.iter();
        let (unit, size) = units.find(|(_, size)| millis.is_multiple_of(*size))?;
        Some(format!("{}{unit}", millis / size))
    });
    written.collect()
}

/// What is left out at a token: a matcher, a label that is grouped by, a comparison with a number, one side of a set operator.
fn removals(tokens: &[Token], at: usize) -> Vec<Range<usize>> {
    let token = &tokens[at];
    let next = tokens.get(at + 1);
    if token.in_matchers {
        // A name, an operator and a text.
        let is_name = token.begins(|c| c.is_ascii_alphabetic() || c == '_');
        return is_name
            .then(|| element(tokens, at, at + 2))
            .into_iter()
            .collect();
    }
    if token.lists_labels() && next.is_some_and(|next| next.is(&["("])) {
        let labels = tokens[at + 2..]
            .iter()
            .take_while(|inner| !inner.is(&[")"]));
        let places = (at + 2..)
            .zip(labels)
            .filter(|(_, label)| !label.is(&[","]));
        return places
            .map(|(place, _)| element(tokens, place, place))
            .collect();
    }
    if token.is(&["and", "or", "unless"]) {
        return sides(tokens, at).into();
    }
    let compares = token.is(&[">", "<", ">=", "<=", "==", "!="]);
    let number = next.filter(|next| compares && numbers(next.text).is_some());
    number
        .map(|number| token.start..number.end())
        .into_iter()
        .collect()
}

/// An element of a list in brackets, with a comma beside it.
fn element(tokens: &[Token], first: usize, last: usize) -> Range<usize> {
    let end = |at: usize| tokens.get(at).map_or(usize::MAX, Token::end);
    if tokens.get(last + 1).is_some_and(|after| after.is(&[","])) {
        tokens[first].start..end(last + 1)
    } else if tokens[first - 1].is(&[","]) {
        tokens[first - 1].start..end(last)
    } else {
        tokens[first].start..end(last)
    }
}

/// The left side with the operator, and the operator with the right side. `or` binds weaker than the others.
fn sides(tokens: &[Token], at: usize) -> [Range<usize>; 2] {
    let operator = &tokens[at];
    let (left, right): (&[&str], &[&str]) = if operator.is(&["or"]) {
        (&[","], &[",", "or"])
    } else {
        (&[",", "or"], &[",", "or", "and", "unless"])
    };
    let outside = |token: &Token, ends: &[&str]| {
        token.depth < operator.depth || token.depth == operator.depth && token.is(ends)
    };
    let before = tokens[..at].iter().rposition(|token| outside(token, left));
    let first = before.map_or(0, |before| before + 1);
    let after = tokens[at + 1..]
        .iter()
        .position(|token| outside(token, right));
    let last = after.map_or(tokens.len(), |after| at + 1 + after) - 1;
    // The right side begins after `on (…)`.
    let mut right = at + 1;
    while tokens.get(right).is_some_and(Token::lists_labels) {
        let close = tokens[right..].iter().position(|token| token.is(&[")"]));
        right += close.map_or(1, |close| close + 1);
    }
    let right = tokens.get(right).unwrap_or(operator);
    [
        tokens[first].start..right.start,
        tokens[at - 1].end()..tokens[last].end(),
    ]
}
