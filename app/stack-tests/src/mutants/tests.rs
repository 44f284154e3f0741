use std::collections::BTreeSet;

use super::operators::{self, changed};
use super::reach::{self, Names, Node, Reads};
use super::reasons::Reasons;
use super::rules;

/// Every mutant of an expression.
fn mutants(expr: &str) -> BTreeSet<String> {
    let changes = operators::of(expr).into_iter();
    let texts = changes.map(|(range, by)| changed(expr, &range, &by));
    texts
        .map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect()
}

fn set(texts: &[&str]) -> BTreeSet<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn changes_every_part_of_an_expression_once() {
    let expr = r#"sum by (job) (rate(a_total{status="failure", x=~"1|2"}[5m])) > 0.2"#;
    let expected = [
        r#"max by (job) (rate(a_total{status="failure", x=~"1|2"}[5m])) > 0.2"#,
        r#"sum by () (rate(a_total{status="failure", x=~"1|2"}[5m])) > 0.2"#,
        r#"sum by (job) (increase(a_total{status="failure", x=~"1|2"}[5m])) > 0.2"#,
        r#"sum by (job) (rate(a_total{status!="failure", x=~"1|2"}[5m])) > 0.2"#,
        r#"sum by (job) (rate(a_total{ x=~"1|2"}[5m])) > 0.2"#,
        r#"sum by (job) (rate(a_total{status="failure", x!~"1|2"}[5m])) > 0.2"#,
        r#"sum by (job) (rate(a_total{status="failure"}[5m])) > 0.2"#,
        r#"sum by (job) (rate(a_total{status="failure", x=~"1|2"}[150s])) > 0.2"#,
        r#"sum by (job) (rate(a_total{status="failure", x=~"1|2"}[10m])) > 0.2"#,
        r#"sum by (job) (rate(a_total{status="failure", x=~"1|2"}[5m])) >= 0.2"#,
        r#"sum by (job) (rate(a_total{status="failure", x=~"1|2"}[5m])) < 0.2"#,
        r#"sum by (job) (rate(a_total{status="failure", x=~"1|2"}[5m])) > 0.22"#,
        r#"sum by (job) (rate(a_total{status="failure", x=~"1|2"}[5m])) > 0.18"#,
        r#"sum by (job) (rate(a_total{status="failure", x=~"1|2"}[5m]))"#,
    ];
    assert_eq!(mutants(expr), set(&expected));
}

#[test]
fn drops_either_side_of_and_and_or_as_they_bind() {
    let dropped = |expr: &str| {
        let mut shorter = mutants(expr);
        shorter.retain(|text| text.len() < expr.len() - 3);
        shorter
    };
    let expected = ["b or (c unless d)", "a or (c unless d)", "a and on (x) b"];
    let expected: Vec<_> = expected
        .into_iter()
        .chain([
            "(c unless d)",
            "a and on (x) b or (c)",
            "a and on (x) b or (d)",
        ])
        .collect();
    let found = dropped("a and on (x) b or (c unless d)");
    assert!(set(&expected).is_subset(&found), "{found:#?}");
    assert_eq!(
        dropped("f1(a or b)").len(),
        0,
        "an unknown function is no PromQL"
    );
    let found = dropped("absent(up) # or down\n or up == 0");
    assert!(
        set(&["absent(up)", "up == 0"]).is_subset(&found),
        "{found:#?}"
    );
}

#[test]
fn leaves_texts_and_the_names_of_series_alone() {
    for expr in [
        "job:and_or:rate5m",
        r#"label_replace(a, "b", "$1 > 2", "c", "x[5m]")"#,
    ] {
        assert_eq!(mutants(expr), BTreeSet::new(), "{expr}");
    }
    let found = mutants("max_over_time(a[5m:15s])");
    let expected = [
        "min_over_time(a[5m:15s])",
        "max_over_time(a[150s:15s])",
        "max_over_time(a[10m:15s])",
        "max_over_time(a[5m:7500ms])",
        "max_over_time(a[5m:30s])",
    ];
    assert_eq!(found, set(&expected));
}

const RULES: &str = r#"
groups:
  - name: g
    rules:
      - alert: Quoted
        expr: 'up{job="a"} == 0'
        for: &held 1m
        labels: &own { severity: critical }
      - alert: Block
        # A comment.
        expr: |
          # Another one, as long as this: > 5
          up
            < 5
        for: *held
        labels: *own
        annotations: { summary: 'Of {{ query `sum(limit)` | first | value }}' }
"#;

#[test]
fn finds_the_rules_in_the_text_and_changes_an_alias_where_it_is_defined() {
    let (nodes, mutants) = rules::read("r.yml", RULES).expect("it is right");
    assert_eq!(nodes.len(), 2);
    assert_eq!(nodes[1].quotes, set(&["limit"]));
    let of = |rule: &str| {
        let own = mutants.iter().filter(move |mutant| mutant.rule == rule);
        own.map(ToString::to_string).collect::<Vec<_>>()
    };
    let quoted = of("Quoted");
    for expected in [
        r#"r.yml Quoted: up{job="a"} == 0 → up{job="a"} != 0"#,
        "r.yml Quoted: for: 1m → 30s",
        "r.yml Quoted: for: 1m → 0s",
        "r.yml Quoted: severity: critical → warning",
    ] {
        assert!(
            quoted.iter().any(|found| found == expected),
            "{expected}: {quoted:#?}"
        );
    }
    let block = of("Block");
    assert_eq!(block.len(), 5, "{block:#?}");
    assert!(
        block.contains(&"r.yml Block: up < 5 → up > 5".to_owned()),
        "{block:#?}"
    );
    for mutant in &mutants {
        let changed: Vec<_> = RULES.lines().zip(mutant.text.lines()).collect();
        let differ = |(old, new): &(&str, &str)| old != new;
        let at = changed.iter().position(differ);
        assert!(at.is_none_or(|at| at + 1 == mutant.line), "{mutant}");
        assert!(rules::read("r.yml", &mutant.text).is_ok(), "{mutant}");
    }
}

#[test]
fn a_test_notices_the_rules_between_its_input_and_what_it_looks_at() {
    let node = |makes: &str, expr: &str| Node {
        makes: makes.to_owned(),
        reads: Reads::of(expr),
        quotes: Names::new(),
    };
    let rules = [
        node("job:a:rate5m", "rate(a[5m])"),
        node("job:b:rate5m", "rate(b[5m])"),
        node("A", "job:a:rate5m > 1 unless job:b:rate5m"),
        node("Other", "job:a:rate5m > 2"),
        node("Absent", "absent(up)"),
    ];
    let noticed = |given: &[&str], looked_at: &str| -> Names {
        reach::noticed(&rules, &set(given), &Reads::of(looked_at).into_names())
    };
    assert_eq!(
        noticed(&["a"], r#"ALERTS{alertname="A"}"#),
        set(&["A", "job:a:rate5m"])
    );
    assert_eq!(noticed(&["a", "b"], "job:b:rate5m"), set(&["job:b:rate5m"]));
    assert_eq!(noticed(&[], "ALERTS"), set(&["Absent"]));
    assert_eq!(noticed(&["a", "b"], "ALERTS").len(), 5);
}

#[test]
fn a_reason_is_for_survivors_only() {
    let text = "# A comment.\n\nr.yml …Burn: a → b | as good\nr.yml Gone: a → b | why\n";
    let reasons = Reasons::parse(text).expect("it is right");
    assert_eq!(reasons.of("r.yml FastBurn: a → b"), Some("as good"));
    assert_eq!(reasons.of("r.yml FastBurn: a → c"), None);
    let survivors = set(&["r.yml FastBurn: a → b"]);
    assert_eq!(reasons.stale(&survivors), ["r.yml Gone: a → b | why"]);
    assert!(Reasons::parse("r.yml A: a → b").is_err());
}
