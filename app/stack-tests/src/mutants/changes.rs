//! The mutants of a rule file: the same text with one small change that a test of the rules should notice.
//!
//! An expression is changed as tokens, since the syntax tree of `promql-parser` has no places.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::LazyLock;

use anyhow::{Context, Result, ensure};
use promql_parser::parser::parse;
use promql_parser::util::parse_duration;
use regex_lite::Regex;
use stack::rules::{File, Spanned};

/// What is replaced, and by what.
type Change = (Range<usize>, String);

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

/// One rule file with one change.
pub(super) struct Mutant {
    pub(super) file: String,
    pub(super) line: usize,
    /// The alert or the series that the rule makes.
    pub(super) rule: String,
    /// What was there and what is there now, with some text around it.
    pub(super) change: String,
    pub(super) text: String,
}

impl std::fmt::Display for Mutant {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "{} {}: {}", self.file, self.rule, self.change)
    }
}

/// Every mutant of a rule file. What an alias repeats is changed once.
pub(super) fn of_file(file: &str, text: &str) -> Result<Vec<Mutant>> {
    let parsed: File = serde_saphyr::from_str(text).with_context(|| file.to_owned())?;
    let mut mutants = Vec::new();
    let mut seen = BTreeSet::new();
    for rule in parsed.groups.iter().flat_map(|group| &group.rules) {
        let mut fields = vec![(String::new(), &rule.expr)];
        fields.extend(rule.r#for.iter().map(|held| ("for: ".to_owned(), held)));
        let keep = rule.keep_firing_for.iter();
        fields.extend(keep.map(|held| ("keep_firing_for: ".to_owned(), held)));
        let labels = rule.labels.iter();
        fields.extend(labels.map(|(name, value)| (format!("{name}: "), value)));
        for (field, value) in fields {
            let place = span(text, value)
                .with_context(|| format!("{file}: {} has no place in the text", rule.name()))?;
            if !seen.insert(place.start) {
                continue;
            }
            let part = &text[place.clone()];
            let changes = match field.as_str() {
                "" => of_expression(part).with_context(|| format!("{file}: {}", rule.name()))?,
                "for: " | "keep_firing_for: " => {
                    let held = durations(part).into_iter().chain(["0s".to_owned()]);
                    held.map(|by| (0..part.len(), by)).collect()
                }
                "severity: " if part == "critical" => vec![(0..part.len(), "warning".to_owned())],
                "severity: " => vec![(0..part.len(), "critical".to_owned())],
                _ => vec![(0..part.len(), "mutant".to_owned())],
            };
            mutants.extend(changes.into_iter().map(|(range, by)| {
                let (before, after) = excerpt(part, &range, &by);
                let range = place.start + range.start..place.start + range.end;
                Mutant {
                    file: file.to_owned(),
                    line: text[..range.start].matches('\n').count() + 1,
                    rule: rule.name().to_owned(),
                    change: format!("{field}{before} → {after}"),
                    text: changed(text, &range, &by),
                }
            }));
        }
    }
    Ok(mutants)
}

/// Where a scalar stands, without quotes and without the mark of a block.
fn span(text: &str, value: &Spanned<String>) -> Option<Range<usize>> {
    let span = value.defined.span();
    let start = usize::try_from(span.byte_offset()?).ok()?;
    let end = start + usize::try_from(span.byte_len()?).ok()?;
    let raw = text.get(start..end)?;
    Some(if raw.starts_with(['|', '>']) {
        start + raw.find('\n')? + 1..end
    } else if raw.len() >= 2 && raw.starts_with(['"', '\'']) {
        start + 1..end - 1
    } else {
        start..end
    })
}

fn changed(text: &str, range: &Range<usize>, by: &str) -> String {
    format!("{}{by}{}", &text[..range.start], &text[range.end..])
}

/// A change with six tokens on either side, so that a reader knows what it is about; on one line, without comments.
fn excerpt(text: &str, range: &Range<usize>, by: &str) -> (String, String) {
    const AROUND: usize = 6;
    let tokens = tokens(text);
    let before = tokens
        .iter()
        .rev()
        .filter(|token| token.end() <= range.start);
    let after = tokens.iter().filter(|token| token.start >= range.end);
    let start = before
        .take(AROUND)
        .last()
        .map_or(range.start, |token| token.start);
    let end = after.take(AROUND).last().map_or(range.end, Token::end);
    let plain = |text: &str| {
        let lines = text.lines().filter_map(|line| line.split("# ").next());
        lines
            .flat_map(str::split_whitespace)
            .collect::<Vec<_>>()
            .join(" ")
    };
    let changed = changed(
        &text[start..end],
        &(range.start - start..range.end - start),
        by,
    );
    (plain(&text[start..end]), plain(&changed))
}

struct Token<'a> {
    text: &'a str,
    start: usize,
    /// The brackets that are open around it; a bracket itself stands outside.
    depth: usize,
    /// Whether it is one of the matchers of a selector.
    in_matchers: bool,
}

impl Token<'_> {
    fn end(&self) -> usize {
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

/// The tokens of an expression, without comments.
fn tokens(text: &str) -> Vec<Token<'_>> {
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
fn of_expression(text: &str) -> Result<Vec<Change>> {
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

fn durations(text: &str) -> Vec<String> {
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

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str = r#"
groups:
  - name: g
    rules:
      - alert: Quoted
        expr: 'sum by (job) (rate(a{status="x", b=~"1|2"}[5m])) > 0.2'
        for: &held 1m
        labels: &own { severity: critical }
      - alert: Block
        expr: |
          # > 5, and or
          a and on (x) b or (c)
        for: *held
        labels: *own
"#;
    /// All of them, each once.
    const MUTANTS: &str = r#"
Quoted: sum by (job) (rate → max by (job) (rate
Quoted: sum by (job) (rate(a{ → sum by () (rate(a{
Quoted: sum by (job) (rate(a{status="x" → sum by (job) (increase(a{status="x"
Quoted: (rate(a{status="x", b=~"1|2"} → (rate(a{status!="x", b=~"1|2"}
Quoted: ) (rate(a{status="x", b=~"1|2"}[5m → ) (rate(a{ b=~"1|2"}[5m
Quoted: {status="x", b=~"1|2"}[5m]) → {status="x", b!~"1|2"}[5m])
Quoted: (a{status="x", b=~"1|2"}[5m])) → (a{status="x"}[5m]))
Quoted: , b=~"1|2"}[5m])) > 0.2 → , b=~"1|2"}[150s])) > 0.2
Quoted: , b=~"1|2"}[5m])) > 0.2 → , b=~"1|2"}[10m])) > 0.2
Quoted: }[5m])) > 0.2 → }[5m])) >= 0.2
Quoted: }[5m])) > 0.2 → }[5m])) < 0.2
Quoted: }[5m])) > 0.2 → }[5m]))
Quoted: [5m])) > 0.2 → [5m])) > 0.22
Quoted: [5m])) > 0.2 → [5m])) > 0.18
Quoted: for: 1m → 30s
Quoted: for: 1m → 2m
Quoted: for: 1m → 0s
Quoted: severity: critical → warning
Block: a and on (x) b or (c) → b or (c)
Block: a and on (x) b or (c) → a or (c)
Block: a and on (x) b or → a or on (x) b or
Block: a and on (x) b or → a unless on (x) b or
Block: a and on (x) b or (c) → a and on () b or (c)
Block: a and on (x) b or (c) → (c)
Block: and on (x) b or (c) → and on (x) b
Block: and on (x) b or (c) → and on (x) b and (c)
"#;

    #[test]
    fn changes_every_part_of_a_rule_once_and_what_an_alias_repeats_where_it_is_defined() {
        let mutants = of_file("r.yml", RULES).expect("it is right");
        let found: BTreeSet<_> = mutants
            .iter()
            .map(|m| format!("{}: {}", m.rule, m.change))
            .collect();
        let expected = MUTANTS.lines().filter(|line| !line.is_empty());
        assert_eq!(found, expected.map(ToOwned::to_owned).collect());
        assert_eq!(mutants.len(), found.len());
        for mutant in &mutants {
            assert!(of_file("r.yml", &mutant.text).is_ok(), "{mutant}");
        }
    }
}
