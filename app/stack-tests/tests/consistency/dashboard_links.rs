//! What dashboards ask, link and mark is of this stack, and is there.

use serde_json::Value;
use stack_tests::dashboards::{self, ADDRESSES, Dashboard};
use stack_tests::repository::stems;

use crate::dashboards::{all_and_practice, items, text, yaml};

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

/// `label_values` would also find the addresses of before a move, if the time shown begins there.
#[test]
fn every_dashboard_asks_where_pager_and_prometheus_are() {
    for Dashboard { name, json } in all_and_practice() {
        for label in ["pager_url", "prometheus_url"] {
            let variable = items(&json["templating"]["list"])
                .find(|variable| variable["name"] == label)
                .unwrap_or_else(|| panic!("{name} has no {label}"));
            let query = &variable["query"]["query"];
            assert_eq!(query, &format!("query_result({ADDRESSES})"), "{name}");
            let value = format!("/{label}=\"([^\"]+)\"/");
            assert_eq!(text(variable, "regex"), value, "{name}");
            // Neither shown nor kept in the address of a page that somebody saves.
            let hidden = variable["hide"] == 2 && variable["skipUrlSync"] == true;
            assert!(hidden, "{name}: {label}");
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
            // The address for the link in its text; without pager the alert is marked all the same.
            "ALERTS{alertstate=\"firing\", alertname!=\"Watchdog\"}\n  \
             * on () group_left (pager_url) topk(1, timestamp(pager_links_info) or on () vector(1))"
        );
        assert!(
            marked["enable"] == true && marked["hide"] == false,
            "{name}"
        );
        assert!(marked["filter"].is_null(), "{name} leaves panels out");
    }
}
