//! Prometheus: rules, samples of `ALERTS`, values of queries, whether it has an Alertmanager.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use crate::client::{Client, encoded};
use crate::error::Error;
use crate::labels::{Labels, NAME, Selector};
use crate::moment::{Moment, Span};

/// Prometheus's own default of `--rules.alert.resend-delay`.
const RESEND_DELAY: Duration = Duration::from_mins(1);

/// Asks Prometheus.
#[derive(Clone, Debug)]
pub(crate) struct Prometheus(pub(crate) Client);

/// An alerting rule as it is loaded.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Rule {
    pub(crate) name: String,
    /// What it adds to its alerts, the name included.
    #[serde(default)]
    pub(crate) labels: Labels,
    pub(crate) query: String,
    /// Its `for`.
    #[serde(default, rename = "duration", deserialize_with = "seconds")]
    pub(crate) hold: Duration,
    #[serde(default, deserialize_with = "seconds")]
    pub(crate) keep_firing_for: Duration,
    /// How often it is evaluated.
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
    /// Whether an alert that is meant is pending or firing.
    pub(crate) fn is_active(&self, alert: &Selector) -> bool {
        self.alerts.iter().any(|own| alert.matches(&own.labels))
    }
}

/// An alert that is pending or firing.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Active {
    pub(crate) labels: Labels,
    pub(crate) state: String,
}

/// Evaluations at which an alert was pending or firing.
#[derive(Clone, Debug)]
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

#[derive(Deserialize)]
#[serde(untagged)]
enum Value {
    Vector(Vec<Instant>),
    Scalar((f64, String)),
}

#[derive(Deserialize)]
struct Instant {
    #[serde(default)]
    metric: Labels,
    value: (f64, String),
}

#[derive(Deserialize)]
struct Series {
    metric: Labels,
    values: Vec<(f64, String)>,
}

fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    Ok(Duration::from_secs_f64(
        f64::deserialize(deserializer)?.max(0.0),
    ))
}

impl Prometheus {
    /// All alerting rules with their active alerts.
    pub(crate) fn rules(&self) -> Result<Vec<Rule>, Error> {
        let path = "/api/v1/rules?type=alert";
        let groups: Vec<Group> = self.0.json(path, "/data/groups")?;
        let mut all = Vec::new();
        for group in groups {
            all.extend(group.rules.into_iter().map(|mut rule| {
                rule.labels.insert(NAME.into(), rule.name.clone());
                rule.interval = group.interval;
                rule
            }));
        }
        Ok(all)
    }

    /// The evaluations at which these alerts were pending or firing, since then.
    pub(crate) fn samples(
        &self,
        alerts: &BTreeSet<Selector>,
        since: Moment,
    ) -> Result<Vec<AlertSamples>, Error> {
        let names: Vec<_> = alerts
            .iter()
            .map(|alert| regex_lite::escape(&alert.name))
            .collect();
        // In a string of PromQL a backslash is written twice.
        let names = names.join("|").replace('\\', "\\\\");
        let range = Moment::now().since(since).0.max(0.0).ceil() + 1.0;
        let found: Vec<Series> =
            self.query(&format!("ALERTS{{alertname=~\"{names}\"}}[{range}s]"))?;
        let samples = found.into_iter().map(|mut one| {
            one.metric.remove("__name__");
            let state = one.metric.remove("alertstate");
            AlertSamples {
                is_firing: state.is_some_and(|state| state == "firing"),
                labels: one.metric,
                at: one.values.into_iter().map(|(at, _)| Moment(at)).collect(),
            }
        });
        Ok(samples.collect())
    }

    /// The value of a query, the first if it has several; `None` without any, or if it is no number.
    pub(crate) fn value(&self, query: &str) -> Result<Option<f64>, Error> {
        let numbers: Vec<_> = match self.query(query)? {
            Value::Vector(series) => series.into_iter().map(|one| one.value.1).collect(),
            Value::Scalar((_, number)) => vec![number],
        };
        let mut numbers = numbers.iter().filter_map(|number| number.parse().ok());
        Ok(numbers.find(|number: &f64| !number.is_nan()))
    }

    /// Whether an expression is true for an alert that is meant.
    pub(crate) fn is_true(&self, rule: &Rule, alert: &Selector) -> Result<bool, Error> {
        let found: Vec<Instant> = self.query(&rule.query)?;
        Ok(found.into_iter().any(|mut one| {
            one.metric.extend(rule.labels.clone());
            alert.may_match(&one.metric)
        }))
    }

    fn query<T: DeserializeOwned>(&self, query: &str) -> Result<T, Error> {
        let path = format!("/api/v1/query?query={}", encoded(query));
        self.0.json(&path, "/data/result")
    }

    /// How many Alertmanagers it sends to.
    pub(crate) fn alertmanagers(&self) -> Result<usize, Error> {
        let at = "/data/activeAlertmanagers";
        let found: Vec<Labels> = self.0.json("/api/v1/alertmanagers", at)?;
        Ok(found.len())
    }

    /// How long it waits before it sends an alert again.
    pub(crate) fn resend_delay(&self) -> Result<Duration, Error> {
        let at = "/data/rules.alert.resend-delay";
        let flag: Option<Span> = self.0.json("/api/v1/status/flags", at)?;
        Ok(flag.map_or(RESEND_DELAY, |span| span.0))
    }
}

/// The rule whose alerts are meant; of several, the one that says most about it.
pub(crate) fn rule_of<'a>(rules: &'a [Rule], alert: &Selector) -> Option<&'a Rule> {
    let agreeing = rules.iter().filter(|rule| alert.may_match(&rule.labels));
    let said = |rule: &&Rule| {
        alert
            .labels
            .keys()
            .filter(|label| rule.labels.contains_key(*label))
            .count()
    };
    // The first of equals.
    agreeing.rev().max_by_key(said)
}
