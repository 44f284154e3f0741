//! Every query in a rule, a dashboard or a runbook asks for series that exist, and for nothing that cannot be meant. That what
//! is wrong is found: `refusals`.

mod legends;
mod parts;
mod query;
mod recordings;
mod refusals;
mod rules;
mod series;

use std::collections::BTreeSet;

use stack_tests::dashboards;
use stack_tests::repository::{read, stems};

use parts::Parts;
use query::problems;
use rules::Rule;
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

#[test]
fn recording_rules_are_named_read_and_in_order() {
    let catalog = Catalog::read();
    let others = of_dashboards().into_iter().chain(of_runbooks());
    let elsewhere: Vec<_> = others.map(|query| query.expr).collect();
    let wrong = recordings::problems(&catalog, &rules::all(), &elsewhere);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_burn_alert_is_over_the_windows_that_its_labels_and_its_limit_name() {
    let catalog = Catalog::read();
    let rules = rules::all();
    let pair = |rule: &Rule| {
        let label = |name| rule.labels.get(name).cloned();
        Some((label("long_window")?, label("short_window")?))
    };
    let of = |alerting: bool| {
        let rules = rules.iter();
        rules.filter(move |rule| rule.record().is_none() == alerting)
    };
    let limits: BTreeSet<_> = of(false).filter_map(pair).collect();
    let alerts: BTreeSet<_> = of(true).filter_map(pair).collect();
    assert_eq!(alerts, limits);
    assert_eq!(limits.len(), 4);
    for rule in of(true) {
        let Some((long, short)) = pair(rule) else {
            continue;
        };
        let reads = recordings::reads(&catalog, &rule.expr);
        let windows: BTreeSet<_> = reads
            .iter()
            .filter_map(|name| recordings::window(name))
            .collect();
        assert_eq!(windows, BTreeSet::from([long.as_str(), short.as_str()]));
        assert!(rule.expr.contains(&format!("long_window=\"{long}\"")));
        let slo = &rule.labels["slo"];
        assert_eq!(rule.expr.matches(&format!("slo=\"{slo}\"")).count(), 3);
    }
}
