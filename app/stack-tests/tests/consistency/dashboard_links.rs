//! What dashboards ask, link and mark is of this stack, and is there.

use serde_json::Value;
use stack_tests::dashboards::{self, Dashboard};
use stack_tests::repository::{dot_env, root};

use crate::dashboards::{all_and_practice, items, text, yaml};

/// Every string in the file.
fn strings(value: &Value) -> Vec<&str> {
    match value {
        Value::Object(fields) => fields.values().flat_map(strings).collect(),
        Value::Array(items) => items.iter().flat_map(strings).collect(),
        Value::String(text) => vec![text],
        _ => Vec::new(),
    }
}

/// Every address in a text, up to what ends one.
fn addresses(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("http").map(|(start, _)| {
        let rest = &text[start..];
        let end = rest.find(['"', ' ', ')', '\'']).unwrap_or(rest.len());
        &rest[..end]
    })
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
    let file = yaml("observability/grafana/provisioning/datasources/datasources.yml");
    let provisioned: Vec<_> = items(&file["datasources"])
        .map(|s| text(s, "uid"))
        .collect();
    for Dashboard { name, json } in all_and_practice() {
        let asked = uids(&json);
        assert!(asked.contains(&"prometheus"), "{name}");
        for uid in asked {
            assert!(
                provisioned.contains(&uid) || uid == "-- Grafana --",
                "{name}: datasource {uid:?}"
            );
        }
    }
}

#[test]
fn every_link_stays_in_this_stack_and_leads_somewhere() {
    let settings = dot_env();
    let base = |name: &str| format!("http://localhost:{}/", settings[name]);
    let runbooks = format!("{}runbooks/", base("PAGER_PORT"));
    let bases = ["PAGER_PORT", "PROMETHEUS_PORT", "ALERTMANAGER_PORT"].map(base);
    for Dashboard { name, json } in all_and_practice() {
        for text in strings(&json) {
            assert!(!text.starts_with("//"), "{name}: {text:?}");
            for address in addresses(text).filter(|address| address.contains("://")) {
                assert!(
                    bases.iter().any(|base| address.starts_with(base)),
                    "{name}: {address} is outside"
                );
                // A name that is filled in when it is shown is an alert's, each of which has its runbook.
                let page = address.strip_prefix(&runbooks);
                if let Some(page) = page.filter(|page| !page.contains('{')) {
                    let file = root().join(format!("observability/runbooks/{page}.md"));
                    assert!(file.is_file(), "{name}: there is no runbook {page}");
                }
            }
            if let Some(uid) = text.strip_prefix("/d/") {
                let known = all_and_practice().iter().any(|other| other.name == uid);
                assert!(known, "{name} links {text}");
            }
        }
    }
}

#[test]
fn every_dashboard_links_the_others_the_inbox_and_the_runbooks() {
    for Dashboard { name, json } in all_and_practice() {
        assert!(
            items(&json["tags"]).any(|tag| tag == "orderwatch"),
            "{name}"
        );
        let links: Vec<_> = items(&json["links"]).collect();
        let others = links.iter().find(|link| link["type"] == "dashboards");
        assert_eq!(
            others.map(|l| &l["tags"][0]),
            Some(&"orderwatch".into()),
            "{name}"
        );
        for title in ["Pager inbox", "Runbooks"] {
            assert!(
                links.iter().any(|link| link["title"] == title),
                "{name}: {title}"
            );
        }
    }
}

#[test]
fn firing_alerts_are_marked_on_every_time_series() {
    for Dashboard { name, json } in dashboards::all() {
        let marked = items(&json["annotations"]["list"])
            .find(|annotation| annotation["name"] == "Firing alerts")
            .unwrap_or_else(|| panic!("{name} marks no alerts"));
        let expr = text(&marked["target"], "expr");
        assert_eq!(
            expr,
            "ALERTS{alertstate=\"firing\", alertname!=\"Watchdog\"}"
        );
        assert!(
            marked["enable"] == true && marked["hide"] == false,
            "{name}"
        );
        assert!(marked["filter"].is_null(), "{name} leaves panels out");
    }
}
