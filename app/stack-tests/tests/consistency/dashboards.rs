//! Every dashboard can be read and explains itself, and those that people find are those that are meant.
//!
//! Whom it asks and what it links: [`crate::dashboard_links`]. Whether its queries ask for what exists: [`crate::promql`]. Whether its lines are where the rules have them:
//! [`crate::thresholds`].

use std::collections::BTreeSet;
use std::convert::Infallible;

use promql_parser::parser::{Expr, parse};
use promql_parser::util::{ExprVisitor, walk_expr};
use serde_json::Value;
use stack_tests::dashboards::{self, Dashboard, PRACTICE_FOLDER};
use stack_tests::repository::read;

/// All of these are built in, and none needs Angular, which Grafana no longer has.
const PANEL_TYPES: [&str; 7] = [
    "bargauge",
    "heatmap",
    "row",
    "stat",
    "state-timeline",
    "text",
    "timeseries",
];

const FIRST_ROW: [&str; 4] = ["Order Rate", "P95 Latency", "Queue Depth", "Error Rate"];

/// The dashboards that are shown as they are, and the one to practise on.
pub(crate) fn all_and_practice() -> Vec<Dashboard> {
    let mut all = dashboards::all();
    all.extend(dashboards::in_folder(PRACTICE_FOLDER));
    all
}

pub(crate) fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

pub(crate) fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

/// The names of the series that an expression asks for.
pub(crate) fn selected(expr: &str) -> Vec<String> {
    #[derive(Default)]
    struct Names(Vec<String>);
    impl ExprVisitor for Names {
        type Error = Infallible;

        fn pre_visit(&mut self, expr: &Expr) -> Result<bool, Infallible> {
            if let Expr::VectorSelector(selector) = expr {
                self.0.push(selector.name.clone().unwrap_or_default());
            }
            Ok(true)
        }
    }
    let parsed = parse(expr).unwrap_or_else(|e| panic!("{expr}: {e}"));
    let mut names = Names::default();
    let Ok(_) = walk_expr(&mut names, &parsed);
    names.0
}

pub(crate) fn yaml(path: &str) -> Value {
    serde_saphyr::from_str(&read(path)).expect("YAML")
}

#[test]
fn has_a_uid_of_its_own_and_no_database_id() {
    let mut uids = BTreeSet::new();
    for Dashboard { name, json } in all_and_practice() {
        assert_eq!(json["uid"], name.as_str(), "the uid is the file's name");
        assert!(
            json["id"].is_null() && json["__inputs"].is_null(),
            "{name} is an export for sharing"
        );
        // 42 is the last version of the classic format; Grafana migrates older ones itself.
        let version = json["schemaVersion"].as_u64();
        assert!(version.is_some_and(|v| (39..=42).contains(&v)), "{name}");
        assert!(uids.insert(name.clone()), "{name} is there twice");
    }
    let expected = ["monitoring-path", "order-service", "order-slo", "practice"];
    assert_eq!(uids, expected.map(ToOwned::to_owned).into());
}

#[test]
fn every_panel_explains_itself() {
    for dashboard in dashboards::all() {
        for panel in dashboard.panels() {
            let place = format!("{}, {}", dashboard.name, panel["title"]);
            assert!(!text(panel, "title").is_empty(), "{place}: no title");
            // What it means takes a sentence, what to do another.
            let description = text(panel, "description");
            let sentences = description.matches(". ").count() + description.matches(": ").count();
            assert!(
                sentences > 0 && description.ends_with('.'),
                "{place}: {description:?}"
            );
            let unit = &panel["fieldConfig"]["defaults"]["unit"];
            assert!(unit.is_string(), "{place}: no unit");
            assert!(items(&panel["targets"]).count() > 0, "{place}: no query");
            for target in items(&panel["targets"]) {
                assert!(!text(target, "legendFormat").is_empty(), "{place}: no name");
            }
            let legend = &panel["options"]["legend"]["showLegend"];
            assert!(
                panel["type"] != "timeseries" || *legend == true,
                "{place}: no legend"
            );
        }
    }
}

#[test]
fn every_panel_has_an_id_of_its_own_and_a_type_that_grafana_still_has() {
    for Dashboard { name, json } in all_and_practice() {
        let mut ids = BTreeSet::new();
        for panel in items(&json["panels"]) {
            let id = panel["id"].as_u64().expect("an id");
            assert!(ids.insert(id), "{name}: {id} is taken twice");
            let kind = text(panel, "type");
            assert!(PANEL_TYPES.contains(&kind), "{name}: {kind}");
        }
    }
}

#[test]
fn no_two_panels_overlap_and_none_leaves_the_grid() {
    for Dashboard { name, json } in all_and_practice() {
        let mut taken = BTreeSet::new();
        for panel in items(&json["panels"]) {
            let title = text(panel, "title");
            let at = |field: &str| panel["gridPos"][field].as_u64().expect("a position");
            let (x, y, w, h) = (at("x"), at("y"), at("w"), at("h"));
            assert!(w > 0 && h > 0 && x + w <= 24, "{name}: {title}");
            for cell in (x..x + w).flat_map(|column| (y..y + h).map(move |row| (column, row))) {
                assert!(taken.insert(cell), "{name}: {title} overlaps another panel");
            }
        }
    }
}

#[test]
fn instances_can_be_chosen_where_replicas_make_sense() {
    let all = dashboards::all();
    let find = |name| all.iter().find(|dashboard| dashboard.name == name);
    let order_service = find("order-service").expect("it is there");
    let variable = &order_service.json["templating"]["list"][0];
    assert_eq!(variable["name"], "instance");
    assert!(variable["multi"] == true && variable["includeAll"] == true);
    // What an alert judges is of all instances; everything else is of those that are chosen.
    for panel in order_service.panels() {
        for target in items(&panel["targets"]) {
            let expr = text(target, "expr");
            assert!(
                expr.contains("$instance")
                    || expr.contains("replicas_expected")
                    || expr.contains("ALERTS{")
                    || text(target, "legendFormat").contains("(alert)"),
                "{}: {expr}",
                panel["title"]
            );
        }
    }
}

#[test]
fn the_first_row_of_order_service_has_the_four_panels() {
    let all = dashboards::all();
    let order_service = all
        .iter()
        .find(|dashboard| dashboard.name == "order-service");
    let panels = order_service.expect("it is there").panels();
    let mut first_row: Vec<_> = panels
        .iter()
        .filter(|panel| panel["gridPos"]["y"] == 0)
        .map(|panel| (panel["gridPos"]["x"].as_u64(), text(panel, "title")))
        .collect();
    first_row.sort_unstable();
    let titles: Vec<_> = first_row.into_iter().map(|(_, title)| title).collect();
    assert_eq!(titles, FIRST_ROW);
}

#[test]
fn practice_has_the_same_four_panels_empty_and_a_task_for_each() {
    let practice = &dashboards::in_folder(PRACTICE_FOLDER)[0];
    let of_type = |kind: &'static str| {
        let panels = practice.panels();
        panels
            .into_iter()
            .filter(move |panel| panel["type"] == kind)
    };
    let titles: Vec<_> = of_type("timeseries")
        .map(|panel| text(panel, "title"))
        .collect();
    assert_eq!(titles, FIRST_ROW);
    for panel in practice.panels() {
        assert_eq!(items(&panel["targets"]).count(), 0, "{}", panel["title"]);
    }
    for (task, title) in of_type("text").zip(FIRST_ROW) {
        assert!(text(task, "title").ends_with(title));
        assert!(
            text(&task["options"], "content").contains('`'),
            "{title}: no metric"
        );
    }
}

#[test]
fn only_practice_can_be_changed_in_the_browser() {
    for Dashboard { name, json } in all_and_practice() {
        assert_eq!(json["editable"], name == "practice", "{name}");
    }
    let file = yaml("observability/grafana/provisioning/dashboards/dashboards.yml");
    let compose = read("docker-compose.yml");
    let providers: Vec<_> = items(&file["providers"]).collect();
    for (name, folder, editable) in [
        ("orderwatch", dashboards::FOLDER, false),
        ("practice", PRACTICE_FOLDER, true),
    ] {
        let provider = providers.iter().find(|provider| provider["name"] == name);
        let provider = provider.expect("it is there");
        assert_eq!(provider["allowUiUpdates"], editable, "{name}");
        // A provider reads subfolders too: neither path may be within the other.
        let path = text(&provider["options"], "path");
        assert_eq!(
            path.rsplit_once('/').map(|(parent, _)| parent),
            Some("/etc/grafana")
        );
        assert!(
            compose.contains(&format!("- ./{folder}:{path}:ro\n")),
            "{name}"
        );
    }
    assert_eq!(providers.len(), 2);
}
