//! Every query in a rule or a dashboard asks for series that exist, as the golden file of `/metrics` has them.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::time::Duration;

use promql_parser::label::MatchOp;
use promql_parser::parser::{Expr, VectorSelector, parse};
use promql_parser::util::{ExprVisitor, walk_expr};
use stack_tests::dashboards;
use stack_tests::repository::read;

use crate::alerts;

/// A rate needs this many scrapes in its window; the scrape interval is 5 s.
const SHORTEST_WINDOW: Duration = Duration::from_secs(4 * 5);

/// What Prometheus adds to what order-service exposes.
const SYNTHETIC: [&str; 2] = ["ALERTS", "up"];

/// Labels that Prometheus adds to every series, or that its own series have.
const TARGET_LABELS: [&str; 2] = ["job", "instance"];

/// The selectors and windows of one expression.
#[derive(Default)]
struct Selectors {
    selectors: Vec<VectorSelector>,
    windows: Vec<Duration>,
}

impl ExprVisitor for Selectors {
    type Error = Infallible;

    fn pre_visit(&mut self, expr: &Expr) -> Result<bool, Infallible> {
        match expr {
            Expr::VectorSelector(selector) => self.selectors.push(selector.clone()),
            Expr::MatrixSelector(selector) => {
                self.selectors.push(selector.vs.clone());
                self.windows.push(selector.range);
            }
            _ => {}
        }
        Ok(true)
    }
}

/// Every sample name of the golden file, with the values that each of its labels takes.
fn golden() -> BTreeMap<String, BTreeMap<String, BTreeSet<String>>> {
    let mut names: BTreeMap<String, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    for line in read("app/order-service/tests/golden/metrics.txt").lines() {
        if line.starts_with('#') {
            continue;
        }
        let (name, labels) = line.split_once('{').unwrap_or((line, ""));
        let known = names.entry(name.to_owned()).or_default();
        for label in labels.trim_end_matches('}').split("\",") {
            if let Some((label, value)) = label.split_once("=\"") {
                known
                    .entry(label.to_owned())
                    .or_default()
                    .insert(stored(label, value));
            }
        }
    }
    names
}

/// A label's value as Prometheus stores it: `le="2"` becomes `le="2.0"` when it is scraped.
fn stored(label: &str, value: &str) -> String {
    let value = value.trim_end_matches('"');
    match value.parse::<u32>() {
        Ok(_) if label == "le" => format!("{value}.0"),
        _ => value.to_owned(),
    }
}

fn check(place: &str, expr: &str) {
    let golden = golden();
    let parsed = parse(expr).unwrap_or_else(|e| panic!("{place}: {expr}: {e}"));
    let mut found = Selectors::default();
    let Ok(_) = walk_expr(&mut found, &parsed);
    for window in found.windows {
        assert!(
            window >= SHORTEST_WINDOW,
            "{place}: {window:?} holds fewer than four scrapes"
        );
    }
    for selector in found.selectors {
        let name = selector.name.as_deref().unwrap_or_default();
        if SYNTHETIC.contains(&name) {
            continue;
        }
        let labels = golden
            .get(name)
            .unwrap_or_else(|| panic!("{place}: order-service exposes no {name:?}"));
        for matcher in selector.matchers.matchers {
            if TARGET_LABELS.contains(&matcher.name.as_str()) {
                continue;
            }
            let values = labels
                .get(&matcher.name)
                .unwrap_or_else(|| panic!("{place}: {name} has no label {:?}", matcher.name));
            if matches!(matcher.op, MatchOp::Equal) {
                assert!(
                    values.contains(&matcher.value),
                    "{place}: {name} has {}={values:?}, not {:?}",
                    matcher.name,
                    matcher.value
                );
            }
        }
    }
}

#[test]
fn every_rule_asks_for_series_that_exist() {
    let rules = alerts::all();
    assert!(!rules.is_empty());
    for alert in rules {
        check(alert.name(), alert.expr());
    }
}

#[test]
fn every_panel_asks_for_series_that_exist() {
    let queries: Vec<_> = dashboards::all()
        .iter()
        .flat_map(dashboards::Dashboard::queries)
        .collect();
    assert!(!queries.is_empty());
    for query in queries {
        check(&query.place, &query.expr);
    }
}

#[test]
fn a_query_for_what_does_not_exist_is_found() {
    for wrong in [
        "rate(order_processed_total[1m])",
        r#"rate(orders_processed_total{status="failed"}[1m])"#,
        r#"rate(orders_processed_total{state="failure"}[1m])"#,
        r#"order_duration_seconds_bucket{le="3"}"#,
        r#"order_duration_seconds_bucket{le="2"}"#,
        "rate(orders_processed_total[15s])",
        "rate(orders_processed_total[1m]",
    ] {
        let found = std::panic::catch_unwind(|| check("this test", wrong));
        assert!(found.is_err(), "{wrong} went through");
    }
    check(
        "this test",
        r#"sum(rate(order_duration_seconds_bucket{le="2.0"}[1m]))"#,
    );
}
