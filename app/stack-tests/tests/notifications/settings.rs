//! `.env`, the compose file, Alertmanager's timings and pager's code tell the same.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use pager::config::Config;
use serde_json::Value;
use stack_tests::repository::{dot_env, read};

use crate::alertmanager;

fn compose_service() -> Value {
    let compose: Value = serde_saphyr::from_str(&read("docker-compose.yml")).expect("YAML");
    compose["services"]["pager"].clone()
}

fn environment() -> BTreeMap<String, String> {
    let environment = compose_service()["environment"].clone();
    serde_json::from_value(environment).expect("texts")
}

/// The environment variables that pager reads.
fn settings() -> BTreeSet<String> {
    let names = RefCell::new(BTreeSet::new());
    Config::from_lookup(|name| {
        names.borrow_mut().insert(name.to_owned());
        None
    })
    .expect("the defaults are valid");
    names.into_inner()
}

fn seconds(duration: &Value) -> u64 {
    let text = duration.as_str().unwrap_or_default();
    let number = text.strip_suffix('s').and_then(|text| text.parse().ok());
    number.unwrap_or_else(|| panic!("{duration} is not in seconds"))
}

#[test]
fn the_defaults_in_the_code_are_those_of_dot_env() {
    let settings = dot_env();
    let from_env = Config::from_lookup(|name| settings.get(name).cloned()).expect("valid");
    let from_code = Config::from_lookup(|_| None).expect("valid");
    assert_eq!(format!("{from_env:?}"), format!("{from_code:?}"));
}

#[test]
fn the_container_is_given_every_setting_that_pager_reads() {
    let given: BTreeSet<_> = environment().into_keys().collect();
    assert_eq!(given, settings());
}

#[test]
fn the_runbooks_are_mounted_where_pager_looks_for_them() {
    let folder = &environment()["PAGER_RUNBOOKS"];
    let mount = format!("./observability/runbooks:{folder}:ro");
    let volumes = compose_service()["volumes"].clone();
    assert_eq!(volumes, serde_json::json!([mount]));
}

#[test]
fn three_heartbeats_may_be_lost_before_the_alarm() {
    let config = alertmanager();
    let routes = config["route"]["routes"].as_array().expect("a list");
    let route = routes
        .iter()
        .find(|route| route["receiver"] == "dead-mans-switch")
        .expect("a route for the heartbeat");
    let interval = seconds(&route["group_interval"]);
    // Equal, every second beat would be held back as too early.
    assert!(seconds(&route["repeat_interval"]) < interval);
    let alarm: u64 = dot_env()["PAGER_DEADMAN_SECONDS"].parse().expect("seconds");
    assert!(alarm > 3 * interval, "{alarm} s, a beat every {interval} s");
}
