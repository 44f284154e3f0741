//! Prometheus's answers as they come (its HTTP API, version 1).

use serde::Deserialize;

use super::{Rule, UnixSeconds};
use crate::drill::matchers::Labels;

#[derive(Deserialize)]
pub(super) struct Envelope<T> {
    pub(super) data: T,
}

#[derive(Deserialize)]
pub(super) struct Groups {
    pub(super) groups: Vec<Group>,
}

#[derive(Deserialize)]
pub(super) struct Group {
    pub(super) interval: f64,
    pub(super) rules: Vec<LoadedRule>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LoadedRule {
    pub(super) name: String,
    pub(super) query: String,
    pub(super) duration: f64,
    #[serde(default)]
    pub(super) keep_firing_for: f64,
    #[serde(default)]
    pub(super) labels: Labels,
    pub(super) health: String,
    #[serde(default)]
    pub(super) last_error: String,
    #[serde(default)]
    pub(super) alerts: Vec<ActiveAlert>,
}

#[derive(Deserialize)]
pub(super) struct ActiveAlert {
    pub(super) labels: Labels,
}

#[derive(Deserialize)]
pub(super) struct ActiveAlerts {
    pub(super) alerts: Vec<ActiveAlert>,
}

#[derive(Deserialize)]
pub(super) struct Matrix {
    pub(super) result: Vec<Series>,
}

#[derive(Deserialize)]
pub(super) struct Series {
    pub(super) metric: Labels,
    pub(super) values: Vec<(UnixSeconds, String)>,
}

#[derive(Deserialize)]
pub(super) struct Vector {
    pub(super) result: Vec<Sample>,
}

#[derive(Deserialize)]
pub(super) struct Sample {
    pub(super) value: (UnixSeconds, String),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Targets {
    pub(super) active_targets: Vec<Target>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Target {
    pub(super) health: String,
    pub(super) scrape_interval: String,
    #[serde(default)]
    pub(super) last_scrape: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Alertmanagers {
    pub(super) active_alertmanagers: Vec<serde::de::IgnoredAny>,
}

impl LoadedRule {
    pub(super) fn into_rule(self, interval: f64) -> Rule {
        let fault = match (self.health.as_str(), self.last_error.as_str()) {
            ("ok", _) => None,
            (health, "") => Some(health.into()),
            (_, error) => Some(error.into()),
        };
        Rule {
            query: self.query,
            hold: self.duration,
            keep: self.keep_firing_for,
            interval,
            labels: self.labels,
            fault,
            active: self.alerts.into_iter().map(|alert| alert.labels).collect(),
        }
    }
}
