//! The tables of what is expected of routes and inhibition speak of the alerts as the rules produce them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use stack_tests::repository::{files, read, stems};

use crate::alertmanager;

type Labels = BTreeMap<String, String>;

/// The labels that each alerting rule sets, its name among them.
fn rules() -> Vec<Labels> {
    let mut found = Vec::new();
    for file in stems("observability/prometheus/rules", "yml") {
        let text = read(format!("observability/prometheus/rules/{file}.yml"));
        let rules: Value = serde_saphyr::from_str(&text).expect("YAML");
        for group in rules["groups"].as_array().into_iter().flatten() {
            for rule in group["rules"].as_array().into_iter().flatten() {
                if let Some(name) = rule["alert"].as_str() {
                    let mut labels: Labels =
                        serde_json::from_value(rule["labels"].clone()).expect("texts");
                    labels.insert("alertname".to_owned(), name.to_owned());
                    found.push(labels);
                }
            }
        }
    }
    found
}

/// The label names that the tests of the rules see each alert with.
fn produced() -> BTreeMap<String, BTreeSet<BTreeSet<String>>> {
    let mut found: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for file in files("observability/prometheus/tests", "yml") {
        let text = read(file);
        let tests: Value = serde_saphyr::from_str(&text).expect("YAML");
        for test in tests["tests"].as_array().into_iter().flatten() {
            for case in test["alert_rule_test"].as_array().into_iter().flatten() {
                for alert in case["exp_alerts"].as_array().into_iter().flatten() {
                    let labels = alert["exp_labels"].as_object().into_iter().flatten();
                    let mut names: BTreeSet<_> = labels.map(|(name, _)| name.clone()).collect();
                    names.insert("alertname".to_owned());
                    let alertname = case["alertname"].as_str().expect("a name").to_owned();
                    found.entry(alertname).or_default().insert(names);
                }
            }
        }
    }
    found
}

fn labels(text: &str) -> Labels {
    text.split_whitespace()
        .map(|pair| {
            let (name, value) = pair.split_once('=').expect("LABEL=VALUE");
            (name.to_owned(), value.to_owned())
        })
        .collect()
}

fn lines(table: &str) -> Vec<String> {
    read(format!("observability/alertmanager/tests/{table}"))
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(ToOwned::to_owned)
        .collect()
}

/// Receivers and labels.
fn routing() -> Vec<(String, Labels)> {
    lines("routing.txt")
        .iter()
        .map(|line| {
            let (receivers, rest) = line.split_once(' ').expect("receivers and labels");
            (receivers.to_owned(), labels(rest))
        })
        .collect()
}

/// Whether it is inhibited, source and target.
fn inhibition() -> Vec<(bool, Labels, Labels)> {
    lines("inhibition.txt")
        .iter()
        .map(|line| {
            let parts: Vec<_> = line.split('|').map(str::trim).collect();
            let [verdict @ ("inhibited" | "notified"), source, target] = parts[..] else {
                panic!("not VERDICT | SOURCE | TARGET: {line}");
            };
            (verdict == "inhibited", labels(source), labels(target))
        })
        .collect()
}

#[test]
fn every_receiver_is_reached_by_some_alert() {
    let reached: BTreeSet<_> = routing()
        .into_iter()
        .flat_map(|(receivers, _)| {
            receivers
                .split(',')
                .map(ToOwned::to_owned)
                .collect::<Vec<_>>()
        })
        .collect();
    let config = alertmanager();
    let receivers = config["receivers"].as_array().expect("a list");
    let names = receivers
        .iter()
        .filter_map(|receiver| receiver["name"].as_str());
    assert_eq!(reached, names.map(ToOwned::to_owned).collect());
}

#[test]
fn the_tables_have_the_label_sets_that_the_rules_produce() {
    let rules = rules();
    let produced = produced();
    let routed = routing().into_iter().map(|(_, labels)| labels);
    let inhibiting = inhibition()
        .into_iter()
        .flat_map(|(_, source, target)| [source, target]);
    for labels in routed.chain(inhibiting) {
        let own: Vec<_> = rules
            .iter()
            .filter(|rule| rule.get("alertname") == labels.get("alertname"))
            .collect();
        // The tables also have alerts that no rule makes.
        if own.is_empty() {
            continue;
        }
        assert!(
            own.iter()
                .any(|rule| rule.iter().all(|pair| labels.iter().any(|own| own == pair))),
            "{labels:?}; the rules set {own:?}"
        );
        let seen = produced
            .get(&labels["alertname"])
            .unwrap_or_else(|| panic!("no test in which this fires: {labels:?}"));
        let names: BTreeSet<_> = labels.keys().cloned().collect();
        assert!(
            seen.contains(&names),
            "{labels:?}; the rules produce {seen:?}"
        );
    }
}

#[test]
fn every_inhibition_is_in_its_table_and_all_its_alerts_have_the_labels_it_compares() {
    let config = alertmanager();
    let inhibited: BTreeSet<_> = inhibition()
        .into_iter()
        .filter(|(inhibited, ..)| *inhibited)
        .map(|(_, source, target)| (source["alertname"].clone(), target["alertname"].clone()))
        .collect();
    let produced = produced();
    let mut configured = BTreeSet::new();
    for rule in config["inhibit_rules"].as_array().expect("a list") {
        let sources = alertnames(&rule["source_matchers"]);
        let targets = alertnames(&rule["target_matchers"]);
        for name in sources.iter().chain(&targets) {
            // A label that is missing counts as equal to one that is missing too: then the cause of one job would inhibit the
            // consequence of another.
            for equal in rule["equal"].as_array().into_iter().flatten() {
                let equal = equal.as_str().expect("a name");
                let seen = produced
                    .get(name)
                    .unwrap_or_else(|| panic!("no test of {name}"));
                assert!(
                    seen.iter().all(|names| names.contains(equal)),
                    "{name} without {equal}"
                );
            }
        }
        for source in &sources {
            let same = rule["equal"]
                .as_array()
                .is_some_and(|equal| equal.iter().any(|label| label == "alertname"));
            let held_back = targets.iter().filter(|target| !same || *target == source);
            configured.extend(held_back.map(|target| (source.clone(), target.clone())));
        }
    }
    assert_eq!(inhibited, configured);
}

/// The names that a matcher such as `alertname="A"` or `alertname=~"A|B"` stands for.
fn alertnames(matchers: &Value) -> Vec<String> {
    let mut matchers = matchers.as_array().into_iter().flatten();
    let names = matchers
        .find_map(|matcher| matcher.as_str()?.strip_prefix("alertname"))
        .expect("every inhibition names its alerts");
    let names = names.trim_start_matches(['=', '~']).trim_matches('"');
    names.split('|').map(ToOwned::to_owned).collect()
}
