//! The rules of Prometheus, the tests of the rules, and how often each job is scraped.

use std::collections::BTreeMap;
use std::time::Duration;

use promql_parser::util::parse_duration;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
pub use serde_saphyr::Spanned;

use crate::repository::{files, read, stems};

/// The folder of the rule files.
pub const FOLDER: &str = "observability/prometheus/rules";
/// The folder of promtool's tests.
pub const TESTS: &str = "observability/prometheus/tests";

/// A rule file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Evaluated independently of each other.
    pub groups: Vec<Group>,
}

/// Rules that are evaluated one after the other.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Unique across files.
    pub name: String,
    interval: Option<String>,
    /// In the order of evaluation.
    pub rules: Vec<Rule>,
}

/// One rule. What [`Spanned`] holds knows where in the file it stands.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    record: Option<String>,
    alert: Option<String>,
    /// `PromQL`.
    pub expr: Spanned<String>,
    /// How long an alert is pending.
    pub r#for: Option<Spanned<String>>,
    /// How long an alert goes on after its expression has become false.
    pub keep_firing_for: Option<Spanned<String>>,
    /// The labels that the rule sets.
    #[serde(default)]
    pub labels: BTreeMap<String, Spanned<String>>,
    /// Texts for messages.
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
    /// How often it is evaluated; zero if it was not read by [`all`].
    #[serde(skip)]
    pub interval: Duration,
}

impl Rule {
    /// The name of the alert or of the recorded series.
    pub fn name(&self) -> &str {
        let name = self.alert.as_deref().or(self.record.as_deref());
        name.expect("Prometheus refuses a rule without one")
    }

    /// Whether it is an alert, not a recorded series.
    pub fn is_alert(&self) -> bool {
        self.alert.is_some()
    }

    /// The value that the rule gives a label; empty if it doesn't.
    pub fn label(&self, name: &str) -> &str {
        self.labels
            .get(name)
            .map_or("", |value| value.value.as_str())
    }
}

/// Every rule of every rule file.
pub fn all() -> Vec<Rule> {
    let every = duration(&configuration()["global"]["evaluation_interval"]).expect("it is set");
    let mut rules = Vec::new();
    for file in stems(FOLDER, "yml") {
        let file: File = yaml(&format!("{FOLDER}/{file}.yml"));
        for group in file.groups {
            let own = group.interval.map(|text| duration(&text.into()));
            let interval = own.flatten().unwrap_or(every);
            let group = group.rules.into_iter();
            rules.extend(group.map(|rule| Rule { interval, ..rule }));
        }
    }
    rules
}

/// Every alert of every rule file.
pub fn alerts() -> Vec<Rule> {
    let mut rules = all();
    rules.retain(Rule::is_alert);
    rules
}

/// The scrape interval of every job.
pub fn scrape_intervals() -> BTreeMap<String, Duration> {
    let configuration = configuration();
    let every = duration(&configuration["global"]["scrape_interval"]).expect("it is set");
    let jobs = configuration["scrape_configs"].as_array();
    let jobs = jobs.into_iter().flatten().map(|job| {
        let name = job["job_name"].as_str().expect("a job has a name");
        (
            name.to_owned(),
            duration(&job["scrape_interval"]).unwrap_or(every),
        )
    });
    jobs.collect()
}

/// A file of promtool's tests.
#[derive(Deserialize)]
pub struct TestFile {
    /// The rule files that it loads, or patterns such as `../rules/*.yml`.
    pub rule_files: Vec<String>,
    /// Each with series of its own.
    pub tests: Vec<Test>,
}

/// One test of the rules.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Test {
    /// Of an incident, the one that is in the catalogue.
    pub name: String,
    /// What is scraped.
    pub input_series: Vec<Input>,
    /// Alerts at points in time.
    pub alert_rule_test: Vec<AlertCase>,
    /// Queries at points in time.
    pub promql_expr_test: Vec<ExprCase>,
}

/// A series that is given to the rules.
#[derive(Deserialize)]
pub struct Input {
    /// Its name and labels.
    pub series: String,
}

/// What is expected of an alert.
#[derive(Deserialize)]
pub struct AlertCase {
    /// As its rule has it.
    pub alertname: String,
    /// Those that fire; none if it stays silent.
    #[serde(default)]
    pub exp_alerts: Vec<Expected>,
}

/// An alert that is expected to fire.
#[derive(Deserialize)]
pub struct Expected {
    /// Its labels, apart from `alertname`.
    #[serde(default)]
    pub exp_labels: BTreeMap<String, Value>,
}

/// What is expected of a query.
#[derive(Deserialize)]
pub struct ExprCase {
    /// `PromQL`.
    pub expr: String,
}

/// Every test of the rules, with its file.
pub fn tests() -> Vec<(String, Test)> {
    let mut tests = Vec::new();
    for path in files(TESTS, "yml") {
        let file: TestFile = yaml(&path);
        tests.extend(file.tests.into_iter().map(|test| (path.clone(), test)));
    }
    tests
}

fn configuration() -> Value {
    yaml("observability/prometheus/prometheus.yml")
}

/// A YAML file, by its path from the root.
pub fn yaml<T: DeserializeOwned>(path: &str) -> T {
    serde_saphyr::from_str(&read(path)).unwrap_or_else(|failure| panic!("{path}: {failure}"))
}

fn duration(value: &Value) -> Option<Duration> {
    let text = value.as_str()?;
    Some(parse_duration(text).unwrap_or_else(|e| panic!("{text}: {e}")))
}
