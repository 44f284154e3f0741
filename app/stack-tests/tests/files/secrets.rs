//! The secrets are where Alertmanager looks for them, and lead to pager.

use std::collections::BTreeSet;
use std::fs;

use pager::config::Config;
use serde_json::Value;
use stack::repository::{dot_env, read, root};
use stack::rules::yaml;

const FOLDER: &str = "observability/alertmanager/secrets/examples";

/// Alertmanager's configuration.
pub(crate) fn alertmanager() -> Value {
    yaml("observability/alertmanager/alertmanager.yml")
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

/// The secret that an integration names, by its path in the container.
fn secret(integration: &Value, field: &str) -> (String, String) {
    let path = integration[field].as_str().expect("a path");
    let file = path
        .strip_prefix("/etc/alertmanager/secrets/")
        .unwrap_or_else(|| panic!("{path} is not mounted"));
    let text = read(format!("{FOLDER}/{file}"));
    (file.to_owned(), text.trim().to_owned())
}

#[test]
fn every_secret_leads_to_pager_and_there_are_no_stray_files() {
    let config = alertmanager();
    let slack = integration(&config, "slack", "slack_configs");
    let pagerduty = integration(&config, "pagerduty", "pagerduty_configs");
    let switch = integration(&config, "dead-mans-switch", "webhook_configs");
    let (slack_file, slack_url) = secret(&slack, "api_url_file");
    let (key_file, _) = secret(&pagerduty, "routing_key_file");
    let (switch_file, switch_url) = secret(&switch, "url_file");

    assert_eq!(slack_url, "http://pager:8025/slack");
    assert_eq!(switch_url, "http://pager:8025/webhook");
    assert_eq!(pagerduty["url"], "http://pager:8025/pagerduty/v2/enqueue");

    let files = fs::read_dir(root().join(FOLDER)).expect("a folder");
    let files: BTreeSet<_> = files
        .filter_map(|file| file.ok()?.file_name().into_string().ok())
        .collect();
    assert_eq!(files, BTreeSet::from([slack_file, key_file, switch_file]));
}

#[test]
fn pager_accepts_the_key_that_alertmanager_sends() {
    let pagerduty = integration(&alertmanager(), "pagerduty", "pagerduty_configs");
    let (_, key) = secret(&pagerduty, "routing_key_file");
    assert_eq!(dot_env()["PAGER_PAGERDUTY_ROUTING_KEY"], key);
    let default = Config::from_lookup(|_| None).expect("valid");
    assert!(default.routing_key.admits(&key));
}
