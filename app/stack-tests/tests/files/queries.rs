//! Every query in a rule, a dashboard or a runbook asks for series that exist, with labels, windows and buckets that they have.

mod query;

pub(crate) mod series;

use stack::dashboards;
use stack::markdown::Page;
use stack::promql::Parts;
use stack::repository::files;
use stack::rules;

use query::problems;
use series::Catalog;

struct Query {
    place: String,
    expr: String,
}

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
    let pages = files("observability/runbooks", "md").into_iter();
    let queries = pages.flat_map(|file| {
        let blocks = Page::read(&file).blocks.into_iter();
        let queries = blocks.filter(|block| block.info == "promql");
        queries.map(move |block| Query {
            place: format!("{file}:{}", block.line),
            expr: block.text,
        })
    });
    queries.collect()
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
            place: rule.name().to_owned(),
            expr: rule.expr.value,
        })
        .collect();
    assert_right(&queries);
}

#[test]
fn every_panel_asks_for_series_that_exist() {
    assert_right(&of_dashboards());
}

/// A second service with the same instruments must not be added to what these dashboards show.
#[test]
fn the_dashboards_of_orders_ask_for_one_job() {
    let catalog = Catalog::read();
    let of_orders = of_dashboards()
        .into_iter()
        .filter(|query| query.place.starts_with("order-"));
    let mut wrong = Vec::new();
    for query in of_orders {
        for selector in &Parts::of(&query.expr).expect("PromQL").selectors {
            let several_have_it = |(_, series): (&str, &series::Series)| {
                let of_orders = series
                    .job
                    .as_deref()
                    .is_none_or(|job| job == "order-service");
                of_orders && series.kind != "synthetic" && series.values("job").is_some()
            };
            let names = catalog.matching(selector);
            let asks_one = selector.of("job").any(|matcher| !matcher.value.is_empty());
            if names.into_iter().any(several_have_it) && !asks_one {
                wrong.push(format!("{}: {}", query.place, selector.vector));
            }
        }
    }
    assert!(wrong.is_empty(), "no job in\n{}", wrong.join("\n"));
}

#[test]
fn every_runbook_asks_for_series_that_exist() {
    assert_right(&of_runbooks());
}
