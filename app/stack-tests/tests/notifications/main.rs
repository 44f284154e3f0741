//! What must agree for an alert to reach a person: the rules, Alertmanager's configuration and its tables, and pager.

mod secrets;
mod settings;
mod tables;

use serde_json::Value;
use stack_tests::repository::read;

/// Alertmanager's configuration.
fn alertmanager() -> Value {
    serde_saphyr::from_str(&read("observability/alertmanager/alertmanager.yml")).expect("YAML")
}

/// A receiver's only integration of this kind.
fn integration(config: &Value, receiver: &str, kind: &str) -> Value {
    let receivers = config["receivers"].as_array().expect("a list");
    let named = receivers.iter().find(|found| found["name"] == receiver);
    let integrations = named.and_then(|found| found[kind].as_array());
    match integrations.map(Vec::as_slice) {
        Some([only]) => only.clone(),
        other => panic!("{receiver} has not one of {kind}: {other:?}"),
    }
}
