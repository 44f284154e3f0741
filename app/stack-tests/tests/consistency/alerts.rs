//! Every alert has its annotations, its runbook and its tests.

use std::collections::BTreeSet;

use serde_json::Value;
use stack_tests::dashboards;
use stack_tests::repository::{read, stems};

/// One alerting rule.
struct Alert(Value);

impl Alert {
    fn name(&self) -> &str {
        self.0["alert"].as_str().expect("only alerts are kept")
    }

    fn severity(&self) -> &str {
        self.0["labels"]["severity"].as_str().unwrap_or_default()
    }

    fn annotation(&self, name: &str) -> &str {
        self.0["annotations"][name]
            .as_str()
            .filter(|text| !text.trim().is_empty())
            .unwrap_or_else(|| panic!("{} has no {name}", self.name()))
    }
}

/// Every alerting rule of every rule file.
fn all() -> Vec<Alert> {
    stems("observability/prometheus/rules", "yml")
        .iter()
        .flat_map(|file| {
            let text = read(format!("observability/prometheus/rules/{file}.yml"));
            let rules: Value = serde_saphyr::from_str(&text).expect("YAML");
            let groups = rules["groups"].as_array().cloned().unwrap_or_default();
            groups
                .into_iter()
                .flat_map(|group| group["rules"].as_array().cloned().unwrap_or_default())
        })
        .filter(|rule| rule["alert"].is_string())
        .map(Alert)
        .collect()
}

#[test]
fn every_alert_has_a_severity_and_four_annotations() {
    for alert in all() {
        assert!(
            matches!(alert.severity(), "critical" | "warning" | "none"),
            "{}",
            alert.name()
        );
        for annotation in ["summary", "description", "runbook_url", "dashboard_url"] {
            alert.annotation(annotation);
        }
    }
}

#[test]
fn numbers_in_annotations_are_made_readable() {
    for alert in all() {
        for annotation in ["summary", "description"] {
            let text = alert.annotation(annotation);
            for (before, after) in text
                .match_indices("$value")
                .map(|(at, value)| text.split_at(at + value.len()))
            {
                let shown = after.trim_start().starts_with("| ");
                assert!(
                    shown || before.ends_with("if eq $value"),
                    "{}: {text}",
                    alert.name()
                );
            }
        }
    }
}

/// Alertmanager reads what it sends to `PagerDuty` as YAML; templates/pagerduty.tmpl makes only `: ` and `{{` safe.
#[test]
fn no_annotation_is_anything_but_a_text_in_yaml() {
    for alert in all() {
        for annotation in ["summary", "description"] {
            let text = alert.annotation(annotation);
            // What `{{ … }}` becomes is a number or a name.
            let parts = text.split("{{").filter_map(|part| part.rsplit("}}").next());
            let expanded = parts.collect::<Vec<_>>().join("1");
            let safe = expanded.replace(": ", ":\u{a0}");
            // What is no YAML at all stays the text that it is.
            if let Ok(read) = serde_saphyr::from_str::<Value>(&safe) {
                assert!(read.is_string(), "{}: {safe} is {read}", alert.name());
            }
        }
    }
}

#[test]
fn every_alert_has_its_runbook_and_every_runbook_its_alert() {
    let alerts = all();
    let named: BTreeSet<_> = alerts.iter().map(Alert::name).collect();
    let runbooks = stems("observability/runbooks", "md");
    assert_eq!(named, runbooks.iter().map(String::as_str).collect());
    for alert in &alerts {
        let name = alert.name();
        let url = format!("{{{{ $externalLabels.pager_url }}}}/runbooks/{name}");
        assert_eq!(alert.annotation("runbook_url"), url);
        let page = read(format!("observability/runbooks/{name}.md"));
        assert!(page.starts_with(&format!("# {name}\n")), "{name}");
        // Commands are typed on the stack's machine; who reads the page in a browser may be elsewhere.
        let mut prose = page.split("```").step_by(2);
        assert!(!prose.any(|text| text.contains("://localhost")), "{name}");
        for heading in ["Meaning", "Impact", "Diagnosis", "Mitigation"] {
            assert!(
                page.contains(&format!("\n## {heading}\n")),
                "{name} has no {heading}"
            );
        }
    }
}

#[test]
fn every_dashboard_url_opens_a_dashboard() {
    let dashboards = dashboards::all();
    for alert in all() {
        let url = alert.annotation("dashboard_url");
        let path = url.strip_prefix("{{ $externalLabels.grafana_url }}/d/");
        let uid = path.and_then(|path| path.split(['/', '?']).next());
        let known = dashboards
            .iter()
            .any(|dashboard| Some(dashboard.name.as_str()) == uid);
        assert!(known, "{}: {url}", alert.name());
    }
}

#[test]
fn no_annotation_has_a_fixed_address_or_a_label_that_prometheus_does_not_add() {
    let text = read("observability/prometheus/prometheus.yml");
    let prometheus: Value = serde_saphyr::from_str(&text).expect("YAML");
    let added = &prometheus["global"]["external_labels"];
    for alert in all() {
        let annotations = alert.0["annotations"].to_string();
        let fixed = annotations.contains("://") || annotations.contains("localhost");
        assert!(!fixed, "{}: {annotations}", alert.name());
        for rest in annotations.split("$externalLabels.").skip(1) {
            let label = rest.split([' ', '}']).next().unwrap_or_default();
            assert!(added[label].is_string(), "{}: {label}", alert.name());
        }
    }
}

#[test]
fn every_alert_has_a_test_in_which_it_fires_and_one_in_which_it_stays_silent() {
    let mut fires = BTreeSet::new();
    let mut silent = BTreeSet::new();
    for file in stems("observability/prometheus/tests", "yml") {
        let text = read(format!("observability/prometheus/tests/{file}.yml"));
        let tests: Value = serde_saphyr::from_str(&text).expect("YAML");
        for test in tests["tests"].as_array().into_iter().flatten() {
            for case in test["alert_rule_test"].as_array().into_iter().flatten() {
                let name = case["alertname"].as_str().expect("a name").to_owned();
                let expected = case["exp_alerts"]
                    .as_array()
                    .is_some_and(|all| !all.is_empty());
                if expected { &mut fires } else { &mut silent }.insert(name);
            }
        }
    }
    for alert in all() {
        assert!(
            fires.contains(alert.name()),
            "{} fires in no test",
            alert.name()
        );
        // An alert of no severity says that all is well: it is never to be silent.
        assert!(
            silent.contains(alert.name()) || alert.severity() == "none",
            "{} is silent in no test",
            alert.name()
        );
    }
}
