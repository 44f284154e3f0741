//! The way of an alert through Alertmanager's routing tree, with the timings it has there.

use serde::Deserialize;
use thiserror::Error;

use super::durations::seconds;
use super::matchers::{Labels, Matcher};

/// Timings that Alertmanager uses where the root route gives none (its documentation, under `route`).
const GROUP_WAIT: f64 = 30.0;
/// The same for `group_interval`.
const GROUP_INTERVAL: f64 = 300.0;

/// Why a routing tree can't be followed.
#[derive(Debug, Error)]
pub enum BadRouting {
    /// The configuration is no YAML of that shape.
    #[error("Alertmanager's configuration cannot be read: {0}")]
    Yaml(String),
    /// A matcher or a duration makes no sense.
    #[error("Alertmanager's configuration has `{0}`, which is no {1}")]
    Value(String, &'static str),
}

/// Where alerts with certain labels go, and how soon; times in seconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Way {
    /// Name of the receiver.
    pub receiver: String,
    /// From a new group's first alert to its notification.
    pub group_wait: f64,
    /// Between notifications of a group that changed.
    pub group_interval: f64,
    /// The labels that make its groups; none makes one of all, `...` one of each.
    pub group_by: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Config {
    route: Route,
}

/// A route as the file has it; what it doesn't say, its parent says.
#[derive(Debug, Deserialize)]
struct Route {
    receiver: Option<String>,
    #[serde(default)]
    matchers: Vec<String>,
    #[serde(default, rename = "continue")]
    goes_on: bool,
    group_by: Option<Vec<String>>,
    group_wait: Option<String>,
    group_interval: Option<String>,
    #[serde(default)]
    routes: Vec<Route>,
}

/// The ways of an alert with these labels, in the order of the tree.
///
/// # Errors
/// The configuration makes no sense.
pub fn ways(config: &str, labels: &Labels) -> Result<Vec<Way>, BadRouting> {
    let config: Config = serde_saphyr::from_str(config)
        .map_err(|error| BadRouting::Yaml(error.to_string().lines().next().unwrap_or("").into()))?;
    let start = Way {
        receiver: String::new(),
        group_wait: GROUP_WAIT,
        group_interval: GROUP_INTERVAL,
        group_by: Vec::new(),
    };
    let mut found = Vec::new();
    follow(&config.route, &start, labels, &mut found)?;
    Ok(found)
}

/// Adds the ways below `route`, whose matchers hold; its own where none of its children's do.
fn follow(
    route: &Route,
    parent: &Way,
    labels: &Labels,
    found: &mut Vec<Way>,
) -> Result<(), BadRouting> {
    let own = Way {
        receiver: route.receiver.clone().unwrap_or(parent.receiver.clone()),
        group_wait: time(route.group_wait.as_deref(), parent.group_wait)?,
        group_interval: time(route.group_interval.as_deref(), parent.group_interval)?,
        group_by: route.group_by.clone().unwrap_or(parent.group_by.clone()),
    };
    let before = found.len();
    for child in &route.routes {
        if !all_match(&child.matchers, labels)? {
            continue;
        }
        follow(child, &own, labels, found)?;
        if !child.goes_on {
            break;
        }
    }
    if found.len() == before {
        found.push(own);
    }
    Ok(())
}

fn all_match(matchers: &[String], labels: &Labels) -> Result<bool, BadRouting> {
    for text in matchers {
        let matcher =
            Matcher::parse(text).ok_or_else(|| BadRouting::Value(text.clone(), "matcher"))?;
        if !matcher.matches(labels) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn time(text: Option<&str>, parent: f64) -> Result<f64, BadRouting> {
    text.map_or(Ok(parent), |text| {
        seconds(text).ok_or_else(|| BadRouting::Value(text.into(), "duration"))
    })
}

#[cfg(test)]
mod tests {
    use super::{Labels, ways};

    const CONFIG: &str = r#"
global: {resolve_timeout: 5m}
route:
  receiver: slack
  group_by: [alertname]
  group_wait: 10s
  group_interval: 30s
  routes:
  - receiver: dead-mans-switch
    matchers: [alertname="Watchdog"]
    group_wait: 0s
    group_interval: 15s
    repeat_interval: 15s
  - receiver: pagerduty
    matchers: [severity="critical"]
    group_by: [job]
    continue: true
  - matchers: [severity=~"critical|warning"]
    group_interval: 1m
receivers:
- name: slack
"#;

    fn receivers(labels: &[(&str, &str)]) -> Vec<(String, f64, f64)> {
        let labels: Labels = labels
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect();
        let found = ways(CONFIG, &labels).expect("a good configuration");
        found
            .into_iter()
            .map(|way| (way.receiver, way.group_wait, way.group_interval))
            .collect()
    }

    #[test]
    fn follows_the_tree_with_what_routes_inherit() {
        assert_eq!(
            receivers(&[("severity", "critical")]),
            [
                ("pagerduty".into(), 10.0, 30.0),
                ("slack".into(), 10.0, 60.0)
            ]
        );
        assert_eq!(
            receivers(&[("alertname", "Watchdog"), ("severity", "none")]),
            [("dead-mans-switch".into(), 0.0, 15.0)]
        );
        assert_eq!(receivers(&[]), [("slack".into(), 10.0, 30.0)]);
        let labels = Labels::from([("severity".into(), "critical".into())]);
        let found = ways(CONFIG, &labels).expect("a good configuration");
        let groups: Vec<_> = found.iter().map(|way| way.group_by.join(",")).collect();
        assert_eq!(groups, ["job", "alertname"]);
    }

    #[test]
    fn says_what_is_wrong_with_a_configuration() {
        for (config, wanted) in [
            ("route: [", "cannot be read"),
            ("receivers: []", "cannot be read"),
            ("route: {receiver: a, group_wait: soon}", "`soon`"),
            (
                "route: {receiver: a, routes: [{matchers: [nonsense]}]}",
                "`nonsense`",
            ),
        ] {
            let error = ways(config, &Labels::new()).expect_err("a bad configuration");
            assert!(error.to_string().contains(wanted), "{config}: {error}");
        }
    }
}
