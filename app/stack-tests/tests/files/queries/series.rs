//! The series that a query can ask for: order-service's golden file, the short list of what others expose, and what our own
//! rules make.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use stack::promql::Selector;
use stack::repository::read;
use stack::rules::{self, Rule};

/// Labels that Prometheus gives to every series that it scrapes.
pub(crate) const TARGET_LABELS: [&str; 2] = ["job", "instance"];
/// The label of the series into which the SDK of order-service folds what is too much.
const OVERFLOW: &str = "otel_metric_overflow";
/// The job whose series the golden file has.
const GOLDEN_JOB: &str = "order-service";
/// Where the golden file and the list of what others expose are.
const GOLDEN: &str = "app/order-service/tests/golden/metrics.txt";
const FOREIGN: &str = "app/stack-tests/tests/golden/foreign-metrics.txt";

/// The values that a label takes; none known means any.
pub(crate) type Values = Option<BTreeSet<String>>;

/// All series of one name.
#[derive(Clone, Debug)]
pub(crate) struct Series {
    /// The job that exposes it; none is every job, or Prometheus itself.
    pub(crate) job: Option<String>,
    /// `counter`, `gauge`, `histogram`, …: the type of the family; `recorded` for those of rules.
    pub(crate) kind: String,
    pub(crate) labels: BTreeMap<String, Values>,
    /// The time between two samples; of the slowest job if there are several.
    pub(crate) interval: Duration,
}

/// Every series there is, by name.
pub(crate) struct Catalog {
    pub(crate) series: BTreeMap<String, Series>,
    pub(crate) jobs: BTreeMap<String, Duration>,
}

impl Catalog {
    /// What the files of this repository say.
    pub(crate) fn read() -> Self {
        let jobs = rules::scrape_intervals();
        let rules = rules::all();
        let mut series = golden(jobs[GOLDEN_JOB]);
        series.extend(foreign(&jobs));
        let recorded = recorded(&rules, &series);
        series.extend(recorded);
        series.insert("ALERTS".to_owned(), alerts(&rules));
        Self { series, jobs }
    }

    /// The series that a selector matches.
    pub(crate) fn matching(&self, selector: &Selector) -> Vec<(&str, &Series)> {
        let by_name = |name: &str| match &selector.vector.name {
            Some(wanted) => wanted == name,
            None => selector
                .of("__name__")
                .all(|matcher| matcher.is_match(name)),
        };
        let of_the_job = |series: &Series| {
            let job = series.job.as_deref();
            selector.vector.name.is_some()
                || job.is_none_or(|job| selector.of("job").all(|matcher| matcher.is_match(job)))
        };
        let series = self
            .series
            .iter()
            .map(|(name, series)| (name.as_str(), series));
        series
            .filter(|(name, series)| by_name(name) && of_the_job(series))
            .collect()
    }

    /// The upper bounds of a histogram's buckets, without infinity, in ascending order.
    pub(crate) fn bounds(&self, bucket: &str) -> Vec<f64> {
        let series = self.series.get(bucket);
        let values = series.and_then(|series| series.labels.get("le")?.as_ref());
        let values = values.into_iter().flatten();
        let values = values.filter_map(|bound| bound.parse().ok());
        let mut bounds: Vec<f64> = values.filter(|bound: &f64| bound.is_finite()).collect();
        bounds.sort_by(f64::total_cmp);
        bounds
    }
}

impl Series {
    /// The values of a label, if it is one of this series.
    pub(crate) fn values(&self, label: &str) -> Option<&Values> {
        const ANY: &Values = &None;
        let of_the_target = TARGET_LABELS.contains(&label) && self.kind != "recorded";
        let folded = label == OVERFLOW && self.job.as_deref() == Some(GOLDEN_JOB);
        let any = (of_the_target || folded || label == "__name__").then_some(ANY);
        self.labels.get(label).or(any)
    }

    /// Whether `rate()` of it has a meaning.
    pub(crate) fn counts(&self, name: &str) -> bool {
        let mut suffixes = ["_count", "_sum", "_bucket"].iter();
        let of_a_family = suffixes.any(|suffix| name.ends_with(suffix));
        self.kind == "counter" || of_a_family && self.kind != "gauge"
    }
}

/// What order-service exposes, by its golden file.
fn golden(interval: Duration) -> BTreeMap<String, Series> {
    let mut found: BTreeMap<String, Series> = BTreeMap::new();
    let mut kind = String::new();
    for line in read(GOLDEN).lines() {
        if let Some((_, of)) = line
            .strip_prefix("# TYPE ")
            .and_then(|family| family.split_once(' '))
        {
            of.clone_into(&mut kind);
        }
        if line.starts_with('#') {
            continue;
        }
        let (name, labels) = line.split_once('{').unwrap_or((line, ""));
        let series = found.entry(name.to_owned()).or_insert_with(|| Series {
            job: Some(GOLDEN_JOB.to_owned()),
            kind: kind.clone(),
            labels: BTreeMap::new(),
            interval,
        });
        for label in labels.trim_end_matches('}').split("\",") {
            if let Some((label, value)) = label.split_once("=\"") {
                add(&mut series.labels, label, &stored(label, value));
            }
        }
    }
    found
}

/// A label's value as Prometheus stores it: `le="2"` becomes `le="2.0"` when it is scraped.
fn stored(label: &str, value: &str) -> String {
    let value = value.trim_end_matches('"');
    match value.parse::<u32>() {
        Ok(_) if label == "le" => format!("{value}.0"),
        _ => value.to_owned(),
    }
}

/// Adds a value to those that a label takes. The golden file writes `…` for what differs from run to run.
fn add(labels: &mut BTreeMap<String, Values>, label: &str, value: &str) {
    let known = labels
        .entry(label.to_owned())
        .or_insert_with(|| Some(BTreeSet::new()));
    match known {
        Some(values) if value != "…" && value != "*" => {
            values.insert(value.to_owned());
        }
        _ => *known = None,
    }
}

/// What others expose, by the list beside the golden file.
fn foreign(jobs: &BTreeMap<String, Duration>) -> BTreeMap<String, Series> {
    let slowest = jobs.values().max().copied().unwrap_or_default();
    let text = read(FOREIGN);
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let mut words = line.split(' ');
            let mut word = || words.next().unwrap_or_else(|| panic!("{FOREIGN}: {line}"));
            let (job, kind, name) = (word(), word(), word());
            let mut labels = BTreeMap::new();
            for label in words {
                let (label, values) = label.split_once('=').expect("LABEL=VALUES");
                values
                    .split('|')
                    .for_each(|value| add(&mut labels, label, value));
            }
            let known = |job: &str| *jobs.get(job).unwrap_or_else(|| panic!("no job {job}"));
            let series = Series {
                job: (job != "*").then(|| job.to_owned()),
                kind: kind.to_owned(),
                labels,
                interval: if job == "*" { slowest } else { known(job) },
            };
            (name.to_owned(), series)
        })
        .collect()
}

/// What rules record: the labels in its level, such as `job_slo`, and those that the rule sets, with the values that any rule
/// gives them. `known` has the series that are not recorded.
fn recorded(rules: &[Rule], known: &BTreeMap<String, Series>) -> BTreeMap<String, Series> {
    let mut values = BTreeMap::new();
    let recording = || rules.iter().filter(|rule| !rule.is_alert());
    for (label, value) in recording().flat_map(|rule| &rule.labels) {
        add(&mut values, label, &value.value);
    }
    let elsewhere = known.values().flat_map(|series| series.labels.keys());
    let elsewhere = elsewhere.map(String::as_str).chain(TARGET_LABELS);
    let labels: BTreeSet<_> = elsewhere.chain(values.keys().map(String::as_str)).collect();
    recording()
        .map(|rule| {
            let level = format!("_{}_", rule.name().split(':').next().unwrap_or_default());
            let in_level = labels.iter().copied();
            let in_level = in_level.filter(|label| level.contains(&format!("_{label}_")));
            let names = rule.labels.keys().map(String::as_str).chain(in_level);
            let labels = names
                .map(|label| (label.to_owned(), values.get(label).cloned().flatten()))
                .collect();
            let series = Series {
                job: None,
                kind: "recorded".to_owned(),
                labels,
                interval: rule.interval,
            };
            (rule.name().to_owned(), series)
        })
        .collect()
}

/// The series that Prometheus keeps of alerts.
fn alerts(rules: &[Rule]) -> Series {
    let mut labels = BTreeMap::new();
    for state in ["pending", "firing"] {
        add(&mut labels, "alertstate", state);
    }
    let mut interval = Duration::ZERO;
    for rule in rules.iter().filter(|rule| rule.is_alert()) {
        add(&mut labels, "alertname", rule.name());
        for (label, value) in &rule.labels {
            add(&mut labels, label, &value.value);
        }
        interval = interval.max(rule.interval);
    }
    Series {
        job: None,
        kind: "synthetic".to_owned(),
        labels,
        interval,
    }
}
