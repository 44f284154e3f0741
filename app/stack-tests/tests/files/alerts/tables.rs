//! The tables of what is expected of routes and inhibition have every alert, with the labels that the rules give it.
//!
//! Whether Alertmanager does what the tables say: `scripts/test` asks amtool for routes, and a running stack for inhibition.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use stack::repository::read;
use stack::rules::{self, Rule};

use crate::secrets::alertmanager;

const ROUTING: &str = "observability/alertmanager/tests/routing.txt";
const INHIBITION: &str = "observability/alertmanager/tests/inhibition.txt";

type Labels = BTreeMap<String, String>;

/// The labels that the tests of the rules see each alert with, its name among them.
fn produced() -> BTreeMap<String, Vec<Labels>> {
    let mut found: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (_, test) in rules::tests() {
        for case in test.alert_rule_test {
            for alert in case.exp_alerts {
                let text = |value: Value| value.as_str().map_or(value.to_string(), str::to_owned);
                let labels = alert.exp_labels.into_iter();
                let mut labels: Labels = labels.map(|(name, value)| (name, text(value))).collect();
                labels.insert("alertname".to_owned(), case.alertname.clone());
                found
                    .entry(case.alertname.clone())
                    .or_default()
                    .push(labels);
            }
        }
    }
    found
}

fn names(labels: &Labels) -> BTreeSet<&String> {
    labels.keys().collect()
}

fn labels(text: &str) -> Labels {
    let pairs = text.split_whitespace();
    let pairs = pairs.map(|pair| pair.split_once('=').expect("LABEL=VALUE"));
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn lines(table: &str) -> Vec<String> {
    let table = read(table);
    let lines = table.lines();
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(ToOwned::to_owned).collect()
}

/// Receivers and labels of each row.
fn routing() -> Vec<(String, Labels)> {
    let rows = lines(ROUTING).into_iter().map(|line| {
        let (receivers, rest) = line.split_once(' ').expect("receivers and labels");
        (receivers.to_owned(), labels(rest))
    });
    rows.collect()
}

/// Whether it is inhibited, source and target.
fn inhibition() -> Vec<(bool, Labels, Labels)> {
    let rows = lines(INHIBITION).into_iter().map(|line| {
        let parts: Vec<_> = line.split('|').map(str::trim).collect();
        let [verdict @ ("inhibited" | "notified"), source, target] = parts[..] else {
            panic!("not VERDICT | SOURCE | TARGET: {line}");
        };
        (verdict == "inhibited", labels(source), labels(target))
    });
    rows.collect()
}

/// The table of routes, and what the tests of the rules see.
pub(super) struct Routing {
    rows: Vec<Labels>,
    produced: BTreeMap<String, Vec<Labels>>,
}

impl Routing {
    pub(super) fn read() -> Self {
        Self {
            rows: routing().into_iter().map(|(_, labels)| labels).collect(),
            produced: produced(),
        }
    }

    /// The row that is missing for an alert of this severity, as it can be pasted.
    pub(super) fn missing(&self, alert: &Rule) -> Option<String> {
        let own = [
            ("alertname", alert.name()),
            ("severity", alert.label("severity")),
        ];
        let is_of_it = |labels: &&Labels| {
            let mut own = own.iter();
            own.all(|(name, value)| labels.get(*name).is_some_and(|found| found == value))
        };
        if self.rows.iter().any(|row| is_of_it(&row)) {
            return None;
        }
        let mut seen = self.produced.get(alert.name()).into_iter().flatten();
        let row = seen.find(is_of_it).map_or_else(
            || format!("alertname={} and its other labels", alert.name()),
            |labels| {
                let pairs = labels.iter().map(|(name, value)| format!("{name}={value}"));
                pairs.collect::<Vec<_>>().join(" ")
            },
        );
        Some(format!(
            "add a row to {ROUTING}: the receivers that it is to reach, slack or pagerduty,slack; then {row}"
        ))
    }
}

/// Whether a rule can make an alert with these labels.
fn makes(rule: &Rule, labels: &Labels) -> bool {
    let mut own = rule.labels.iter();
    own.all(|(name, value)| labels.get(name) == Some(&value.value))
}

#[test]
fn the_tables_have_the_label_sets_that_the_rules_produce() {
    let alerts = rules::alerts();
    let produced = produced();
    let routed = routing().into_iter().map(|(_, labels)| (ROUTING, labels));
    let inhibiting = inhibition()
        .into_iter()
        .flat_map(|(_, source, target)| [(INHIBITION, source), (INHIBITION, target)]);
    for (table, labels) in routed.chain(inhibiting) {
        let name = labels.get("alertname").map_or("", String::as_str);
        let own: Vec<_> = alerts.iter().filter(|rule| rule.name() == name).collect();
        // The tables also have alerts that no rule makes.
        if own.is_empty() {
            continue;
        }
        assert!(
            own.iter().any(|rule| makes(rule, &labels)),
            "{table}: no rule {name} sets the labels of the row with {labels:?}: correct or delete it"
        );
        let seen: BTreeSet<_> = produced
            .get(name)
            .into_iter()
            .flatten()
            .map(names)
            .collect();
        assert!(
            seen.contains(&names(&labels)),
            "{table}: the row with {labels:?} has other labels than the tests of the rules expect of {name}: {seen:?}"
        );
    }
}

#[test]
fn every_receiver_is_reached_by_some_alert() {
    let routed = routing();
    let reached: BTreeSet<_> = routed
        .iter()
        .flat_map(|(receivers, _)| receivers.split(','))
        .collect();
    let config = alertmanager();
    let receivers = config["receivers"].as_array().expect("a list");
    let all: BTreeSet<_> = receivers
        .iter()
        .filter_map(|receiver| receiver["name"].as_str())
        .collect();
    assert_eq!(reached, all, "{ROUTING} and alertmanager.yml");
}

#[test]
fn every_inhibition_is_in_its_table_and_all_its_alerts_have_the_labels_it_compares() {
    let config = alertmanager();
    let rows = inhibition();
    let rows = rows.iter().filter(|(inhibited, ..)| *inhibited);
    let listed: BTreeSet<_> = rows
        .map(|(_, source, target)| (source["alertname"].clone(), target["alertname"].clone()))
        .collect();
    let produced = produced();
    let mut configured = BTreeSet::new();
    for rule in config["inhibit_rules"].as_array().expect("a list") {
        let sources = alertnames(&rule["source_matchers"]);
        let targets = alertnames(&rule["target_matchers"]);
        let equal: Vec<_> = rule["equal"].as_array().into_iter().flatten().collect();
        for name in sources.iter().chain(&targets) {
            // A label that is missing counts as equal to one that is missing too: then the cause of one job would inhibit the
            // consequence of another.
            for label in equal.iter().filter_map(|label| label.as_str()) {
                let mut seen = produced.get(name).into_iter().flatten();
                assert!(
                    seen.all(|labels| labels.contains_key(label)),
                    "alertmanager.yml: an inhibition compares {label}, which {name} does not always have"
                );
            }
        }
        let same = equal.iter().any(|label| **label == "alertname");
        for source in &sources {
            let held_back = targets.iter().filter(|target| !same || *target == source);
            configured.extend(held_back.map(|target| (source.clone(), target.clone())));
        }
    }
    assert_eq!(listed, configured, "{INHIBITION} and alertmanager.yml");
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
