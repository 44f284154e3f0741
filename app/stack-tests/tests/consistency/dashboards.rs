//! Every dashboard can be read, has no gaps and no overlaps, and asks nobody but our datasources.

use std::collections::BTreeSet;

use serde_json::Value;
use stack_tests::dashboards;

/// The datasources that are provisioned, and Grafana's own for annotations.
const DATASOURCES: [&str; 3] = ["prometheus", "alertmanager", "-- Grafana --"];

fn cells(panel: &Value) -> BTreeSet<(u64, u64)> {
    let at = |name: &str| {
        panel["gridPos"][name]
            .as_u64()
            .unwrap_or_else(|| panic!("{panel} has no {name}"))
    };
    let (x, y, w, h) = (at("x"), at("y"), at("w"), at("h"));
    (x..x + w)
        .flat_map(|column| (y..y + h).map(move |row| (column, row)))
        .collect()
}

#[test]
fn has_a_uid_of_its_own_and_no_database_id() {
    let mut uids = BTreeSet::new();
    for dashboard in dashboards::all() {
        let json = &dashboard.json;
        assert_eq!(
            json["uid"],
            dashboard.name.as_str(),
            "the uid is the file's name"
        );
        assert!(uids.insert(dashboard.name.clone()));
        assert!(
            json["id"].is_null() && json["__inputs"].is_null(),
            "{}",
            dashboard.name
        );
        // 42 is the last version of the classic format; Grafana migrates older ones itself.
        assert!(
            json["schemaVersion"]
                .as_u64()
                .is_some_and(|v| (39..=42).contains(&v)),
            "{}",
            dashboard.name
        );
    }
}

#[test]
fn every_panel_explains_itself() {
    for dashboard in dashboards::all() {
        for panel in dashboard.panels() {
            let title = panel["title"].as_str().filter(|title| !title.is_empty());
            let place = format!("{}, {}", dashboard.name, title.expect("a title"));
            assert!(
                panel["description"]
                    .as_str()
                    .is_some_and(|text| text.len() > 20),
                "{place}: no description"
            );
            let unit = &panel["fieldConfig"]["defaults"]["unit"];
            assert!(
                panel["type"] == "text" || panel["type"] == "alertlist" || unit.is_string(),
                "{place}: no unit"
            );
            let targets = panel["targets"].as_array().map_or(0, Vec::len);
            assert!(
                targets > 0 || panel["type"] == "text" || panel["type"] == "alertlist",
                "{place}: no query"
            );
        }
    }
}

#[test]
fn no_two_panels_overlap_and_none_leaves_the_grid() {
    for dashboard in dashboards::all() {
        let mut taken = BTreeSet::new();
        for panel in dashboard.json["panels"].as_array().expect("a list") {
            for cell in cells(panel) {
                assert!(
                    cell.0 < 24,
                    "{}: {} leaves the grid",
                    dashboard.name,
                    panel["title"]
                );
                assert!(
                    taken.insert(cell),
                    "{}: {} overlaps another panel",
                    dashboard.name,
                    panel["title"]
                );
            }
        }
    }
}

#[test]
fn asks_nobody_but_our_datasources() {
    fn walk(value: &Value, dashboard: &str) {
        match value {
            Value::Object(fields) => {
                if let Some(uid) = fields
                    .get("datasource")
                    .and_then(|source| source["uid"].as_str())
                {
                    assert!(
                        DATASOURCES.contains(&uid),
                        "{dashboard}: datasource {uid:?}"
                    );
                }
                fields.values().for_each(|field| walk(field, dashboard));
            }
            Value::Array(items) => items.iter().for_each(|item| walk(item, dashboard)),
            Value::String(text) if text.contains("://") => {
                assert!(
                    text.contains("http://localhost:"),
                    "{dashboard}: outside address in {text:?}"
                );
            }
            _ => {}
        }
    }
    for dashboard in dashboards::all() {
        walk(&dashboard.json, &dashboard.name);
    }
}

#[test]
fn panels_use_the_rate_interval_and_rules_never_do() {
    for dashboard in dashboards::all() {
        for panel in dashboard.panels() {
            for target in panel["targets"].as_array().into_iter().flatten() {
                let expr = target["expr"].as_str().unwrap_or_default();
                let rated = expr.contains("rate(") && !expr.contains("[5m]");
                assert!(
                    !rated || expr.contains("$__rate_interval"),
                    "{}: {expr}",
                    dashboard.name
                );
            }
        }
    }
    for alert in crate::alerts::all() {
        assert!(!alert.expr().contains("$__"), "{}", alert.name());
    }
}

#[test]
fn thresholds_are_drawn_where_the_rules_have_them() {
    let all = dashboards::all();
    let panels: Vec<_> = all.iter().flat_map(dashboards::Dashboard::panels).collect();
    for (title, rule) in [
        ("P95 Latency", "HighLatency"),
        ("Error Rate", "HighErrorRate"),
    ] {
        let panel = panels
            .iter()
            .find(|panel| panel["title"] == title)
            .expect("it is there");
        let steps = &panel["fieldConfig"]["defaults"]["thresholds"]["steps"];
        let drawn = steps[1]["value"].as_f64().expect("a second step");
        let alerts = crate::alerts::all();
        let alert = alerts
            .iter()
            .find(|alert| alert.name() == rule)
            .expect("it is there");
        assert!(
            alert.expr().contains(&format!("> {drawn}\n")),
            "{title} draws {drawn}: {}",
            alert.expr()
        );
    }
}

#[test]
fn the_first_row_of_order_service_has_the_four_panels() {
    let all = dashboards::all();
    let order_service = all
        .iter()
        .find(|dashboard| dashboard.name == "order-service")
        .expect("it is there");
    let panels = order_service.panels();
    let top = panels
        .iter()
        .filter_map(|panel| panel["gridPos"]["y"].as_u64())
        .min();
    let mut first_row: Vec<_> = panels
        .iter()
        .filter(|panel| panel["gridPos"]["y"].as_u64() == top)
        .map(|panel| {
            (
                panel["gridPos"]["x"].as_u64(),
                panel["title"].as_str().unwrap_or_default(),
            )
        })
        .collect();
    first_row.sort_unstable();
    let titles: Vec<_> = first_row.into_iter().map(|(_, title)| title).collect();
    assert_eq!(
        titles,
        ["Order Rate", "P95 Latency", "Queue Depth", "Error Rate"]
    );
}
