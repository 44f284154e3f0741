//! Dashboards ask and link what is there, are found where Grafana looks, and draw their lines where the rules have their limits.
//!
//! Whether their queries ask for series that exist: [`crate::queries`].

use serde_json::Value;
use stack::dashboards::{self, Dashboard, PRACTICE_FOLDER};
use stack::promql::Parts;
use stack::repository::{read, stems};
use stack::rules::{self, yaml};

/// The dashboards that are shown as they are, and the one to practise on.
fn all_and_practice() -> Vec<Dashboard> {
    let mut all = dashboards::all();
    all.extend(dashboards::in_folder(PRACTICE_FOLDER));
    all
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

/// Links and `dashboard_url` are written with the file's name.
#[test]
fn the_uid_of_a_dashboard_is_the_name_of_its_file() {
    for Dashboard { name, json } in all_and_practice() {
        assert_eq!(json["uid"], name.as_str());
        // One that is exported for sharing has a number of another Grafana's database.
        assert!(json["id"].is_null() && json["__inputs"].is_null(), "{name}");
    }
}

#[test]
fn asks_only_datasources_that_are_provisioned() {
    fn uids(value: &Value) -> Vec<&str> {
        match value {
            Value::Object(fields) => {
                let own = fields.get("datasource").map(|source| text(source, "uid"));
                own.into_iter()
                    .chain(fields.values().flat_map(uids))
                    .collect()
            }
            Value::Array(items) => items.iter().flat_map(uids).collect(),
            _ => Vec::new(),
        }
    }
    let file: Value = yaml("observability/grafana/provisioning/datasources/datasources.yml");
    let provisioned = items(&file["datasources"]).map(|source| text(source, "uid"));
    let known: Vec<_> = provisioned.chain(["-- Grafana --"]).collect();
    for Dashboard { name, json } in all_and_practice() {
        for uid in uids(&json) {
            assert!(known.contains(&uid), "{name}: datasource {uid:?}");
        }
    }
}

#[test]
fn every_link_leads_to_a_dashboard_or_to_an_address_that_is_asked_for() {
    let runbooks = stems("observability/runbooks", "md");
    let all = all_and_practice();
    for dashboard in &all {
        let name = &dashboard.name;
        let absolute = dashboard.json.to_string().contains("://");
        assert!(!absolute, "{name} links a fixed address");
        for link in dashboard.links() {
            let leads_somewhere = match link.split_once('/') {
                Some(("", path)) => path
                    .strip_prefix("d/")
                    .is_some_and(|uid| all.iter().any(|other| other.name == uid)),
                Some(("${pager_url:raw}" | "{{pager_url}}", path)) => {
                    // A name that is filled in when it is shown is an alert's, each of which has its runbook.
                    let page = path.strip_prefix("runbooks/");
                    page.is_none_or(|page| page.contains('{') || runbooks.iter().any(|r| r == page))
                }
                Some(("${prometheus_url:raw}", _)) => true,
                _ => false,
            };
            assert!(leads_somewhere, "{name} links {link}");
        }
    }
}

#[test]
fn grafana_looks_where_the_dashboards_are_mounted_and_keeps_edits_of_practice_alone() {
    let file: Value = yaml("observability/grafana/provisioning/dashboards/dashboards.yml");
    let compose = read("docker-compose.yml");
    for (name, folder, editable) in [
        ("orderwatch", dashboards::FOLDER, false),
        ("practice", PRACTICE_FOLDER, true),
    ] {
        let provider = items(&file["providers"]).find(|provider| provider["name"] == name);
        let provider = provider.expect("it is there");
        assert_eq!(provider["allowUiUpdates"], editable, "{name}");
        let path = text(&provider["options"], "path");
        let mount = format!("- ./{folder}:{path}:ro\n");
        assert!(compose.contains(&mount), "{name}: {mount}");
    }
}

/// Where a panel draws lines or changes its colour.
fn drawn(dashboard: &str, title: &str) -> Vec<f64> {
    let all = dashboards::all();
    let mut panels = all
        .iter()
        .filter(|found| found.name == dashboard)
        .flat_map(Dashboard::panels);
    let panel = panels.find(|panel| panel["title"] == title);
    let panel = panel.unwrap_or_else(|| panic!("{dashboard} has no {title}"));
    let steps = items(&panel["fieldConfig"]["defaults"]["thresholds"]["steps"]);
    steps.filter_map(|step| step["value"].as_f64()).collect()
}

#[test]
fn lines_are_where_the_rules_have_their_limits() {
    let rules = rules::all();
    let expr = |name: &str, slo: &str| {
        let mut rules = rules.iter();
        let rule = rules.find(|rule| rule.name() == name && rule.label("slo") == slo);
        &rule.expect(name).expr.value
    };
    for (title, alert) in [
        ("P95 Latency", "HighLatency"),
        ("Error Rate", "HighErrorRate"),
        ("Queue Filled", "OrderQueueNearlyFull"),
    ] {
        let limits = Parts::of(expr(alert, "")).expect("PromQL").limits;
        assert_eq!(drawn("order-service", title), limits, "{title}, {alert}");
    }
    for (title, slo) in [("Availability", "availability"), ("Latency", "latency")] {
        let lines = drawn("order-slo", title);
        let lines: Vec<_> = lines.iter().map(|line| format!("vector({line})")).collect();
        assert_eq!(
            lines,
            [expr("slo:order_objective:ratio", slo).as_str()],
            "{title}"
        );
    }
}
