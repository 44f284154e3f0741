//! The tables of what is expected of routes and inhibition have every alert, with the labels that the rules give it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use stack::alertmanager::{INHIBITION, Labels, ROUTING, configuration, inhibitions, routing};
use stack::rules::{self, Rule};

/// The labels that the tests of the rules see each alert with, its name among them.
fn produced() -> BTreeMap<String, Vec<Labels>> {
    let mut found: BTreeMap<_, Vec<_>> = BTreeMap::new();
    let cases = rules::tests()
        .into_iter()
        .flat_map(|(_, test)| test.alert_rule_test);
    for case in cases {
        let seen = found.entry(case.alertname.clone()).or_default();
        for alert in case.exp_alerts {
            let text = |value: Value| value.as_str().map_or(value.to_string(), str::to_owned);
            let labels = alert.exp_labels.into_iter();
            let labels = labels.map(|(name, value)| (name, text(value)));
            seen.push(
                labels
                    .chain([("alertname".to_owned(), case.alertname.clone())])
                    .collect(),
            );
        }
    }
    found
}

/// The table of routes, and what the tests of the rules see.
pub(super) struct Tables {
    routing: Vec<(String, Labels)>,
    produced: BTreeMap<String, Vec<Labels>>,
}

impl Tables {
    pub(super) fn read() -> Self {
        Self {
            routing: routing(),
            produced: produced(),
        }
    }

    /// The row that is missing for an alert of this severity, as it can be pasted.
    pub(super) fn missing(&self, alert: &Rule) -> Option<String> {
        let (name, severity) = (alert.name(), alert.label("severity"));
        let is_of_it = |labels: &&Labels| {
            labels.get("alertname").is_some_and(|found| found == name)
                && labels
                    .get("severity")
                    .is_some_and(|found| found == severity)
        };
        if self.routing.iter().any(|(_, row)| is_of_it(&row)) {
            return None;
        }
        let mut seen = self.produced.get(name).into_iter().flatten();
        let row = seen.find(is_of_it).map(|labels| {
            let pairs = labels.iter().map(|(name, value)| format!("{name}={value}"));
            pairs.collect::<Vec<_>>().join(" ")
        });
        let row = row.unwrap_or_else(|| format!("alertname={name} and its other labels"));
        Some(format!(
            "add a row to {ROUTING}: the receivers that it is to reach, slack or pagerduty,slack; then {row}"
        ))
    }
}

#[test]
fn the_tables_have_the_label_sets_that_the_rules_produce() {
    let alerts = rules::alerts();
    let produced = produced();
    let routed = routing().into_iter().map(|(_, labels)| (ROUTING, labels));
    let inhibiting = inhibitions().into_iter();
    let inhibiting =
        inhibiting.flat_map(|row| [row.source, row.target].map(|one| (INHIBITION, one)));
    for (table, labels) in routed.chain(inhibiting) {
        let name = labels.get("alertname").map_or("", String::as_str);
        let mut own = alerts.iter().filter(|rule| rule.name() == name).peekable();
        // The tables also have alerts that no rule makes.
        if own.peek().is_none() {
            continue;
        }
        let makes = |rule: &Rule| {
            let mut set = rule.labels.iter();
            set.all(|(name, value)| labels.get(name) == Some(&value.value))
        };
        assert!(
            own.any(makes),
            "{table}: no rule {name} sets the labels of the row with {labels:?}: correct or delete it"
        );
        let mut seen = produced.get(name).into_iter().flatten();
        assert!(
            seen.any(|seen| seen.keys().eq(labels.keys())),
            "{table}: the row with {labels:?} has other labels than the tests of the rules expect of {name}: {:?}",
            produced.get(name)
        );
    }
}

#[test]
fn every_receiver_is_reached_by_some_alert() {
    let routed = routing();
    let reached = routed
        .iter()
        .flat_map(|(receivers, _)| receivers.split(','));
    let config = configuration();
    let receivers = config["receivers"].as_array().expect("a list").iter();
    let all = receivers.filter_map(|receiver| receiver["name"].as_str());
    let (reached, all): (BTreeSet<_>, BTreeSet<_>) = (reached.collect(), all.collect());
    assert_eq!(reached, all, "{ROUTING} and alertmanager.yml");
}

#[test]
fn every_inhibition_is_in_its_table_and_all_its_alerts_have_the_labels_it_compares() {
    let config = configuration();
    let name = |labels: &Labels| labels["alertname"].clone();
    let rows = inhibitions().into_iter().filter(|row| row.is_inhibited);
    let listed: BTreeSet<_> = rows
        .map(|row| (name(&row.source), name(&row.target)))
        .collect();
    let produced = produced();
    let mut configured = BTreeSet::new();
    for rule in config["inhibit_rules"].as_array().expect("a list") {
        let sources = alertnames(&rule["source_matchers"]);
        let targets = alertnames(&rule["target_matchers"]);
        let equal = rule["equal"].as_array().into_iter().flatten();
        let equal: Vec<_> = equal.filter_map(Value::as_str).collect();
        for name in sources.iter().chain(&targets) {
            // A label that is missing counts as equal to one that is missing too: then the cause of one job would inhibit the
            // consequence of another.
            for label in &equal {
                let mut seen = produced.get(name).into_iter().flatten();
                assert!(
                    seen.all(|labels| labels.contains_key(*label)),
                    "alertmanager.yml: an inhibition compares {label}, which {name} does not always have"
                );
            }
        }
        let same = equal.contains(&"alertname");
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
    let names = matchers.find_map(|matcher| matcher.as_str()?.strip_prefix("alertname"));
    let names = names.expect("every inhibition names its alerts");
    let names = names.trim_start_matches(['=', '~']).trim_matches('"');
    names.split('|').map(ToOwned::to_owned).collect()
}
