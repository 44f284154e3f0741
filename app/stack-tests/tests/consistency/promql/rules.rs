//! The rules of Prometheus as data, recording and alerting ones, and how often each job is scraped.

use std::collections::BTreeMap;
use std::time::Duration;

use promql_parser::util::parse_duration;
use serde_json::Value;
use stack_tests::repository::{read, stems};

/// What a rule makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Series of this name.
    Record(String),
    /// An alert of this name.
    Alert(String),
}

/// One rule.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    /// The group it is evaluated in; groups have names of their own across files.
    pub(crate) group: String,
    /// How often.
    pub(crate) interval: Duration,
    pub(crate) kind: Kind,
    pub(crate) expr: String,
    /// The labels that the rule sets.
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) annotations: BTreeMap<String, String>,
}

impl Rule {
    pub(crate) fn name(&self) -> &str {
        match &self.kind {
            Kind::Record(name) | Kind::Alert(name) => name,
        }
    }

    /// The name of the series it records, if it does.
    pub(crate) fn record(&self) -> Option<&str> {
        match &self.kind {
            Kind::Record(name) => Some(name),
            Kind::Alert(_) => None,
        }
    }

    fn new(group: &Value, rule: &Value, every: Duration) -> Self {
        let text = |value: &Value| value.as_str().map(ToOwned::to_owned);
        let kind = text(&rule["record"])
            .map(Kind::Record)
            .or_else(|| text(&rule["alert"]).map(Kind::Alert));
        let texts = |map: &Value| {
            let map = map.as_object().into_iter().flatten();
            map.map(|(name, value)| (name.clone(), text(value).expect("a text")))
                .collect()
        };
        Self {
            group: text(&group["name"]).expect("a group has a name"),
            interval: duration(&group["interval"]).unwrap_or(every),
            kind: kind.expect("a rule records or alerts"),
            expr: text(&rule["expr"]).expect("a rule has an expression"),
            labels: texts(&rule["labels"]),
            annotations: texts(&rule["annotations"]),
        }
    }
}

/// Every rule of every rule file, in the order of its group.
pub(crate) fn all() -> Vec<Rule> {
    let every = duration(&configuration()["global"]["evaluation_interval"]).expect("it is set");
    let mut rules = Vec::new();
    for file in stems("observability/prometheus/rules", "yml") {
        let text = read(format!("observability/prometheus/rules/{file}.yml"));
        let file: Value = serde_saphyr::from_str(&text).expect("YAML");
        for group in items(&file["groups"]) {
            rules.extend(items(&group["rules"]).map(|rule| Rule::new(group, rule, every)));
        }
    }
    rules
}

/// The scrape interval of every job.
pub(crate) fn scrape_intervals() -> BTreeMap<String, Duration> {
    let configuration = configuration();
    let every = duration(&configuration["global"]["scrape_interval"]).expect("it is set");
    items(&configuration["scrape_configs"])
        .map(|job| {
            let name = job["job_name"].as_str().expect("a job has a name");
            let interval = duration(&job["scrape_interval"]).unwrap_or(every);
            (name.to_owned(), interval)
        })
        .collect()
}

fn configuration() -> Value {
    serde_saphyr::from_str(&read("observability/prometheus/prometheus.yml")).expect("YAML")
}

fn duration(value: &Value) -> Option<Duration> {
    let text = value.as_str()?;
    Some(parse_duration(text).unwrap_or_else(|e| panic!("{text}: {e}")))
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}
