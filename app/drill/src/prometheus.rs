//! Prometheus: rules, samples of `ALERTS`, values of queries, whether it has an Alertmanager.

use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::client::Client;
use crate::error::Result;
use crate::file::Drill;
use crate::labels::{Labels, NAME, Selector};
use crate::moment::{Moment, Span};

pub(crate) struct Prometheus(pub(crate) Client);

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Rule {
    pub(crate) name: String,
    /// What it adds to its alerts, the name included.
    #[serde(default)]
    pub(crate) labels: Labels,
    pub(crate) query: String,
    /// Its `for`.
    #[serde(rename = "duration", deserialize_with = "seconds")]
    pub(crate) hold: Duration,
    #[serde(default, deserialize_with = "seconds")]
    pub(crate) keep_firing_for: Duration,
    #[serde(skip)]
    pub(crate) interval: Duration,
    /// `ok`, `unknown` before its first evaluation, `err`.
    pub(crate) health: String,
    #[serde(default)]
    pub(crate) last_error: String,
    #[serde(default)]
    pub(crate) alerts: Vec<Active>,
}

impl Rule {
    pub(crate) fn is_active(&self, alert: &Selector) -> bool {
        self.alerts.iter().any(|own| alert.matches(&own.labels))
    }
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Active {
    pub(crate) labels: Labels,
    pub(crate) state: String,
}

/// Evaluations at which an alert was pending or firing.
pub(crate) struct AlertSamples {
    pub(crate) labels: Labels,
    pub(crate) is_firing: bool,
    pub(crate) at: Vec<Moment>,
}

#[derive(Deserialize)]
struct Group {
    #[serde(deserialize_with = "seconds")]
    interval: Duration,
    rules: Vec<Rule>,
}

/// A series of a vector, with its samples if that is a range vector.
#[derive(Deserialize)]
struct Series {
    metric: Labels,
    #[serde(default)]
    values: Vec<(f64, String)>,
}

fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    Duration::try_from_secs_f64(f64::deserialize(deserializer)?).map_err(serde::de::Error::custom)
}

impl Prometheus {
    pub(crate) fn rules(&self) -> Result<Vec<Rule>> {
        let path = "/api/v1/rules?type=alert";
        let mut groups: Vec<Group> = self.0.json(path, "/data/groups")?;
        for group in &mut groups {
            for rule in &mut group.rules {
                rule.labels.insert(NAME.into(), rule.name.clone());
                rule.interval = group.interval;
            }
        }
        Ok(groups.into_iter().flat_map(|group| group.rules).collect())
    }

    pub(crate) fn samples(&self, drill: &Drill, since: Moment) -> Result<Vec<AlertSamples>> {
        let alerts = drill.alerts();
        let names = alerts.iter().map(|alert| regex_lite::escape(&alert.name));
        // In a string of PromQL a backslash is written twice.
        let names = names.collect::<Vec<_>>().join("|").replace('\\', r"\\");
        let range = Moment::now().since(since).0.max(0.0).ceil() + 1.0;
        let query = format!("ALERTS{{alertname=~\"{names}\"}}[{range}s]");
        let found: Vec<Series> = self.query(&query)?;
        let samples = found.into_iter().map(|mut one| {
            one.metric.remove("__name__");
            AlertSamples {
                is_firing: one.metric.remove("alertstate").as_deref() == Some("firing"),
                labels: one.metric,
                at: one.values.into_iter().map(|(at, _)| Moment(at)).collect(),
            }
        });
        Ok(samples.collect())
    }

    /// The value of a query, the first if it has several; `None` without any, or if it is no number.
    pub(crate) fn value(&self, query: &str) -> Result<Option<f64>> {
        // Series of which each has a `value`, or else such a value: a time and the number.
        let found: Vec<Value> = self.query(query)?;
        let numbers = found.iter().filter_map(|one| {
            let number = one.pointer("/value/1").unwrap_or(one);
            number.as_str()?.parse().ok()
        });
        Ok(numbers.into_iter().find(|number: &f64| !number.is_nan()))
    }

    pub(crate) fn is_true(&self, rule: &Rule, alert: &Selector) -> Result<bool> {
        let mut found: Vec<Series> = self.query(&rule.query)?;
        Ok(found.iter_mut().any(|one| {
            one.metric.extend(rule.labels.clone());
            alert.may_match(&one.metric)
        }))
    }

    fn query<T: DeserializeOwned>(&self, query: &str) -> Result<T> {
        let query = utf8_percent_encode(query, NON_ALPHANUMERIC);
        let path = format!("/api/v1/query?query={query}");
        self.0.json(&path, "/data/result")
    }

    pub(crate) fn alertmanagers(&self) -> Result<usize> {
        let at = "/data/activeAlertmanagers";
        let found: Vec<Value> = self.0.json("/api/v1/alertmanagers", at)?;
        Ok(found.len())
    }

    pub(crate) fn resend_delay(&self) -> Result<Duration> {
        let at = "/data/rules.alert.resend-delay";
        let flag: Option<Span> = self.0.json("/api/v1/status/flags", at)?;
        // Without the flag, Prometheus's own default.
        Ok(flag.map_or(Duration::from_mins(1), |span| span.0))
    }
}

/// The rule whose alerts are meant; of several, the one that says most about it, and of equals the first.
pub(crate) fn rule_of<'a>(rules: &'a [Rule], alert: &Selector) -> Option<&'a Rule> {
    let mut agreeing: Vec<_> = rules.iter().collect();
    agreeing.retain(|rule| alert.may_match(&rule.labels));
    agreeing.into_iter().rev().max_by_key(|rule| {
        let said = alert.labels.keys();
        said.filter(|name| rule.labels.contains_key(*name)).count()
    })
}
