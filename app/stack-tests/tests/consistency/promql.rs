//! Every query in a rule, a dashboard or a runbook asks for series that exist, with labels, windows and buckets that they have.

mod query;

pub(crate) mod parts;
pub(crate) mod rules;
pub(crate) mod series;

use std::collections::BTreeSet;

use stack_tests::dashboards;
use stack_tests::repository::{read, stems};

use parts::Parts;
use query::problems;
use series::Catalog;

/// A query, and where it stands.
struct Query {
    place: String,
    expr: String,
}

/// The queries of every dashboard, as Grafana sends them.
fn of_dashboards() -> Vec<Query> {
    let dashboards = dashboards::all();
    let queries = dashboards.iter().flat_map(dashboards::Dashboard::queries);
    queries
        .map(|query| Query {
            place: query.place,
            expr: query.expr,
        })
        .collect()
}

/// The queries that runbooks tell to paste: what is fenced as `promql`.
fn of_runbooks() -> Vec<Query> {
    let mut queries = Vec::new();
    for name in stems("observability/runbooks", "md") {
        let page = read(format!("observability/runbooks/{name}.md"));
        let fences = page.split("```promql\n").skip(1);
        queries.extend(fences.map(|rest| Query {
            place: format!("the runbook {name}"),
            expr: rest.split("```").next().unwrap_or_default().to_owned(),
        }));
    }
    queries
}

fn assert_right(queries: &[Query]) {
    assert!(!queries.is_empty());
    let catalog = Catalog::read();
    let wrong: Vec<_> = queries
        .iter()
        .flat_map(|query| {
            let found = problems(&catalog, &query.expr).into_iter();
            found.map(move |problem| format!("{}: {problem}\n{}", query.place, query.expr))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_asks_for_series_that_exist() {
    let rules = rules::all().into_iter();
    let queries: Vec<_> = rules
        .map(|rule| Query {
            place: format!("{}, {}", rule.group, rule.name()),
            expr: rule.expr,
        })
        .collect();
    assert_right(&queries);
}

#[test]
fn every_panel_asks_for_series_that_exist() {
    assert_right(&of_dashboards());
}

#[test]
fn every_runbook_asks_for_series_that_exist() {
    assert_right(&of_runbooks());
    for name in stems("observability/runbooks", "md") {
        let page = read(format!("observability/runbooks/{name}.md"));
        let diagnosis = page
            .split("\n## ")
            .find(|part| part.starts_with("Diagnosis"));
        assert!(
            diagnosis.is_some_and(|part| part.contains("```promql\n")),
            "{name}: Diagnosis has no query to paste"
        );
    }
}

#[test]
fn what_others_expose_is_listed_only_if_it_is_asked_for() {
    let catalog = Catalog::read();
    let rules = rules::all().into_iter().map(|rule| rule.expr);
    let others = of_dashboards().into_iter().chain(of_runbooks());
    let mut asked = BTreeSet::new();
    for expr in rules.chain(others.map(|query| query.expr)) {
        let parts = Parts::of(&expr).expect("the tests above have found it right");
        for selector in &parts.selectors {
            let names = selector.names(&catalog).into_iter();
            asked.extend(names.map(|(name, _)| name.to_owned()));
        }
    }
    for line in read(series::FOREIGN)
        .lines()
        .filter(|line| !line.starts_with('#'))
    {
        let name = line.split(' ').nth(2).unwrap_or_default();
        assert!(asked.contains(name), "nobody asks for {name}");
    }
}
