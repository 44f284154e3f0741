//! The mutants of a rule file: the same text with one small change that a test of the rules should notice.

use std::collections::BTreeSet;
use std::ops::Range;

use anyhow::{Context, Result};
use stack::rules::{File, Spanned};

use super::expressions::{Token, changed, durations, of_expression, tokens};

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
