//! The mutants of a rule file: the same text with one change.

use std::collections::BTreeSet;
use std::ops::Range;

use anyhow::{Context, Result, ensure};
use stack::rules::{File, Rule, Spanned};

use super::operators::{self, Change, changed};
use super::reach::{Names, Node, Reads};
use super::tokens;

/// One rule file with one change.
#[derive(Clone, Debug)]
pub(super) struct Mutant {
    /// The file's name.
    pub(super) file: String,
    pub(super) line: usize,
    /// The alert or the series that the rule makes.
    pub(super) rule: String,
    /// The change with some text around it.
    pub(super) before: String,
    pub(super) after: String,
    pub(super) text: String,
}

impl std::fmt::Display for Mutant {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let Self { file, rule, .. } = self;
        write!(f, "{file} {rule}: {} → {}", self.before, self.after)
    }
}

/// Every rule of a rule file, and every mutant of it.
pub(super) fn read(file: &str, text: &str) -> Result<(Vec<Node>, Vec<Mutant>)> {
    let parsed: File = serde_saphyr::from_str(text).with_context(|| file.to_owned())?;
    let mut nodes = Vec::new();
    let mut mutants = Vec::new();
    // What an alias repeats is changed once.
    let mut seen = BTreeSet::new();
    for rule in parsed.groups.iter().flat_map(|group| &group.rules) {
        let mut add =
            |field: &str, value: &Spanned<String>, changes: &dyn Fn(&str) -> Vec<Change>| {
                let whole = span(text, value)
                    .with_context(|| format!("{file}: {} has no place in the text", rule.name()))?;
                if seen.insert(whole.start) {
                    let part = &text[whole.clone()];
                    let changes = changes(part).into_iter();
                    mutants.extend(changes.map(|(range, by)| {
                        let (before, after) = excerpt(part, &range, &by);
                        let before = format!("{field}{before}");
                        let range = whole.start + range.start..whole.start + range.end;
                        Mutant {
                            file: file.to_owned(),
                            line: text[..range.start].matches('\n').count() + 1,
                            rule: rule.name().to_owned(),
                            before,
                            after,
                            text: changed(text, &range, &by),
                        }
                    }));
                }
                anyhow::Ok(())
            };
        nodes.push(Node {
            makes: rule.name().to_owned(),
            reads: Reads::of(&rule.expr.value),
            quotes: quoted(rule),
        });
        let expr = &text[span(text, &rule.expr).unwrap_or_default()];
        ensure!(
            promql_parser::parser::parse(expr).is_ok(),
            "{file}: the expression of {} is not written as it is read; use a plain or a block scalar: {expr}",
            rule.name()
        );
        add("", &rule.expr, &operators::of)?;
        let held = [
            ("for: ", &rule.r#for),
            ("keep_firing_for: ", &rule.keep_firing_for),
        ];
        for (field, held) in held {
            if let Some(held) = held {
                add(field, held, &held_for)?;
            }
        }
        for (name, value) in &rule.labels {
            add(&format!("{name}: "), value, &|value| {
                vec![(0..value.len(), another(name, value))]
            })?;
        }
    }
    Ok((nodes, mutants))
}

/// What the annotations of an alert ask for themselves: ``{{ query `…` }}``.
fn quoted(rule: &Rule) -> Names {
    let texts = rule.annotations.values();
    let queries = texts.flat_map(|text| text.split("query `").skip(1));
    let queries = queries.filter_map(|rest| rest.split('`').next());
    queries
        .flat_map(|expr| Reads::of(expr).into_names())
        .collect()
}

/// Half, twice, and not at all.
fn held_for(value: &str) -> Vec<Change> {
    let mut changed = operators::durations(value);
    changed.push("0s".to_owned());
    changed.into_iter().map(|by| (0..value.len(), by)).collect()
}

/// Another value of a label that a rule sets.
fn another(name: &str, value: &str) -> String {
    match (name, value) {
        ("severity", "critical") => "warning",
        ("severity", _) => "critical",
        _ => "mutant",
    }
    .to_owned()
}

/// Where a scalar stands, without quotes and without the mark of a block.
fn span(text: &str, value: &Spanned<String>) -> Option<Range<usize>> {
    let span = value.defined.span();
    let start = usize::try_from(span.byte_offset()?).ok()?;
    let end = start + usize::try_from(span.byte_len()?).ok()?;
    let mut range = start..end;
    let raw = text.get(range.clone())?;
    if raw.starts_with(['|', '>']) {
        range.start += raw.find('\n')? + 1;
    } else if raw.len() >= 2 && raw.starts_with(['"', '\'']) {
        range = start + 1..end - 1;
    }
    Some(range)
}

/// A change with the tokens around it, so that a reader knows what it is about.
fn excerpt(text: &str, range: &Range<usize>, by: &str) -> (String, String) {
    const AROUND: usize = 6;
    let tokens = tokens::of(text);
    let first = tokens
        .iter()
        .take_while(|token| token.range.end <= range.start)
        .count()
        .saturating_sub(AROUND);
    let start = tokens
        .get(first)
        .map_or(range.start, |token| token.range.start.min(range.start));
    let after = tokens
        .iter()
        .skip_while(|token| token.range.start < range.end);
    let end = after
        .take(AROUND)
        .last()
        .map_or(range.end, |token| token.range.end);
    // On one line, without comments.
    let plain = |text: &str| {
        let lines = text.lines().filter_map(|line| line.split("# ").next());
        let words = lines.flat_map(str::split_whitespace);
        words.collect::<Vec<_>>().join(" ")
    };
    let changed = format!("{}{by}{}", &text[start..range.start], &text[range.end..end]);
    (plain(&text[start..end]), plain(&changed))
}
