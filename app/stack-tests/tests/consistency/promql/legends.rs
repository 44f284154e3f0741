//! Every label that a legend names is one that each series has: without it, a line is called `Value` or nothing at all.

use stack_tests::dashboards;
use stack_tests::repository::read;

use super::parts::Parts;
use super::series::{Catalog, GOLDEN};
use crate::dashboards::{items, text};

/// The labels in a legend such as `{{job}} {{instance}}`.
fn labels(legend: &str) -> impl Iterator<Item = &str> {
    let names = legend.split("{{").skip(1);
    names.filter_map(|rest| Some(rest.split_once("}}")?.0.trim()))
}

/// Whether order-service exposes series of this name without this label.
fn is_optional(golden: &str, name: &str, label: &str) -> bool {
    let label = format!("{label}=\"");
    let mut series = golden.lines().filter(|line| {
        let rest = line.strip_prefix(name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('{'))
    });
    series.any(|series| !series.contains(&label))
}

fn problems(catalog: &Catalog, golden: &str, expr: &str, legend: &str) -> Vec<String> {
    let parts = Parts::of(expr).unwrap_or_default();
    let series = || parts.selectors.iter().flat_map(|one| one.names(catalog));
    let mut problems = Vec::new();
    // What a query makes with `label_replace`, it can make for every series.
    for label in labels(legend).filter(|label| !parts.made.contains(*label)) {
        let mut with: Vec<_> = series().collect();
        with.retain(|(_, series)| series.values(label).is_some());
        if with.is_empty() {
            problems.push(format!("no series has {label}"));
        }
        with.retain(|(name, series)| {
            series.labels.contains_key(label) && is_optional(golden, name, label)
        });
        problems.extend(
            with.iter()
                .map(|(name, _)| format!("not every {name} has {label}")),
        );
    }
    problems
}

#[test]
fn every_label_in_a_legend_is_one_that_each_series_has() {
    let (catalog, golden) = (Catalog::read(), read(GOLDEN));
    for dashboard in dashboards::all() {
        let targets = dashboard
            .panels()
            .into_iter()
            .flat_map(|panel| items(&panel["targets"]));
        // Queries come in the order of their panels, and those of annotations and variables after them.
        for (target, query) in targets.zip(dashboard.queries()) {
            let found = problems(&catalog, &golden, &query.expr, text(target, "legendFormat"));
            assert!(found.is_empty(), "{}: {found:?}", query.place);
        }
    }
}

#[test]
fn a_legend_that_would_be_empty_is_found() {
    let (catalog, golden) = (Catalog::read(), read(GOLDEN));
    let by_reason = "sum by (reason) (rate(orders_processed_total[1m]))";
    let named = format!(r#"label_replace({by_reason}, "reason", "none", "reason", "")"#);
    for (expr, legend, wrong) in [
        (by_reason, "{{reason}}", 1),
        (named.as_str(), "{{reason}}", 0),
        ("orders_processed_total", "{{status}} at {{ instance }}", 0),
        ("orders_processed_total", "{{reason}}", 1),
        ("order_queue_depth", "waiting", 0),
    ] {
        let found = problems(&catalog, &golden, expr, legend);
        assert_eq!(found.len(), wrong, "{expr}, {legend}: {found:?}");
    }
}
