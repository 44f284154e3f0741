//! Everything that belongs to an alert is there. What is missing is listed, in words that say what to do.

use std::collections::BTreeSet;

use serde_json::Value;
use stack_tests::dashboards::{self, Dashboard};
use stack_tests::repository::{files, read, stems};

use crate::promql::parts::Parts;
use crate::promql::rules::{self, Rule};
use crate::promql::series::Catalog;

const TESTS: &str = "observability/prometheus/tests";
const RUNBOOKS: &str = "observability/runbooks";
const ROUTING: &str = "observability/alertmanager/tests/routing.txt";

/// Every alerting rule of every rule file.
fn all() -> impl Iterator<Item = Rule> {
    let rules = rules::all().into_iter();
    rules.filter(|rule| rule.record().is_none())
}

fn severity(alert: &Rule) -> &str {
    alert.labels.get("severity").map_or("", String::as_str)
}

fn annotation<'a>(alert: &'a Rule, name: &str) -> &'a str {
    alert.annotations.get(name).map_or("", String::as_str)
}

/// What is there, outside of the rules.
struct Found {
    /// The alerts that some test sees firing, and those that some test sees silent.
    fires: BTreeSet<String>,
    silent: BTreeSet<String>,
    runbooks: Vec<String>,
    dashboards: Vec<Dashboard>,
    /// Names and severities.
    routed: BTreeSet<(String, String)>,
    catalog: Catalog,
}

impl Found {
    fn read() -> Self {
        let (mut fires, mut silent) = (BTreeSet::new(), BTreeSet::new());
        for file in files(TESTS, "yml") {
            let tests: Value = serde_saphyr::from_str(&read(file)).expect("YAML");
            for test in tests["tests"].as_array().into_iter().flatten() {
                for case in test["alert_rule_test"].as_array().into_iter().flatten() {
                    let name = case["alertname"].as_str().expect("a name").to_owned();
                    let expected = case["exp_alerts"].as_array();
                    let firing = expected.is_some_and(|alerts| !alerts.is_empty());
                    if firing { &mut fires } else { &mut silent }.insert(name);
                }
            }
        }
        let table = read(ROUTING);
        let rows = table.lines().filter(|line| !line.starts_with('#'));
        let routed = rows.filter_map(|row| {
            let value = |label| {
                row.split_whitespace()
                    .find_map(|word| word.strip_prefix(label))
            };
            Some((
                value("alertname=")?.to_owned(),
                value("severity=")?.to_owned(),
            ))
        });
        Self {
            fires,
            silent,
            runbooks: stems(RUNBOOKS, "md"),
            dashboards: dashboards::all(),
            routed: routed.collect(),
            catalog: Catalog::read(),
        }
    }

    /// The names of the series that an expression asks for.
    fn asked(&self, expr: &str) -> BTreeSet<String> {
        let parts = Parts::of(expr).unwrap_or_default();
        let selectors = parts.selectors.iter();
        let names = selectors.flat_map(|selector| selector.names(&self.catalog));
        names.map(|(name, _)| name.to_owned()).collect()
    }

    /// What is still to be done for an alert.
    fn missing(&self, alert: &Rule) -> Vec<String> {
        let name = alert.name();
        let mut missing = Vec::new();
        let mut need = |there: bool, what: &str| {
            if !there {
                missing.push(what.to_owned());
            }
        };
        let severity = severity(alert);
        need(
            matches!(severity, "critical" | "warning" | "none"),
            "set its label `severity` to critical, to warning, or, if it says that all is well, to none",
        );
        for wanted in ["summary", "description", "runbook_url", "dashboard_url"] {
            let there = !annotation(alert, wanted).trim().is_empty();
            need(there, &format!("write its annotation `{wanted}`"));
        }
        need(
            self.fires.contains(name),
            &format!(
                "write a test in which it fires, an `alert_rule_test` with `exp_alerts`, in a file of {TESTS}/"
            ),
        );
        // An alert of no severity says that all is well: it is never to be silent.
        need(
            self.silent.contains(name) || severity == "none",
            &format!(
                "write a test in which it stays silent, with `exp_alerts: []`, in a file of {TESTS}/"
            ),
        );
        if self.runbooks.iter().any(|runbook| runbook == name) {
            let page = read(format!("{RUNBOOKS}/{name}.md"));
            let title = format!("# {name}");
            need(
                page.starts_with(&format!("{title}\n")),
                &format!("begin {RUNBOOKS}/{name}.md with `{title}`"),
            );
            for heading in ["Meaning", "Impact", "Diagnosis", "Mitigation"] {
                need(
                    page.contains(&format!("\n## {heading}\n")),
                    &format!("write the part `## {heading}` of {RUNBOOKS}/{name}.md"),
                );
            }
        } else {
            need(false, &format!("write its runbook, {RUNBOOKS}/{name}.md"));
        }
        let url = format!("{{{{ $externalLabels.pager_url }}}}/runbooks/{name}");
        need(
            annotation(alert, "runbook_url") == url,
            &format!("let its annotation `runbook_url` be {url}"),
        );
        missing.extend(self.panel_missing(alert));
        if !self
            .routed
            .contains(&(name.to_owned(), severity.to_owned()))
        {
            missing.push(format!(
                "add a row to {ROUTING}: its receivers, then alertname={name} severity={severity} and its other labels"
            ));
        }
        missing
    }

    /// The dashboard that an alert links is to show something that the alert looks at.
    fn panel_missing(&self, alert: &Rule) -> Option<String> {
        const DASHBOARDS: &str = "{{ $externalLabels.grafana_url }}/d/";
        let url = annotation(alert, "dashboard_url");
        let Some(path) = url.strip_prefix(DASHBOARDS) else {
            return Some(format!(
                "let its annotation `dashboard_url` begin with {DASHBOARDS}"
            ));
        };
        let uid = path.split(['/', '?', '#']).next().unwrap_or_default();
        let mut dashboards = self.dashboards.iter();
        let Some(dashboard) = dashboards.find(|dashboard| dashboard.json["uid"] == uid) else {
            return Some(format!(
                "`dashboard_url` leads to {uid:?}, but no dashboard has that uid"
            ));
        };
        let wanted = self.asked(&alert.expr);
        let queries = dashboard.queries().into_iter();
        let shown: BTreeSet<_> = queries.flat_map(|query| self.asked(&query.expr)).collect();
        (!wanted.is_empty() && wanted.is_disjoint(&shown)).then(|| {
            format!("add a panel to the dashboard {uid}, to which `dashboard_url` leads, that shows one of {wanted:?}")
        })
    }
}

#[test]
fn nothing_that_belongs_to_an_alert_is_missing() {
    let found = Found::read();
    let mut missing = BTreeSet::new();
    for alert in all() {
        let name = alert.name();
        missing.extend(
            found
                .missing(&alert)
                .iter()
                .map(|what| format!("{name}: {what}")),
        );
    }
    let named: BTreeSet<_> = all().map(|alert| alert.name().to_owned()).collect();
    let severities: BTreeSet<_> = all()
        .map(|alert| (alert.name().to_owned(), severity(&alert).to_owned()))
        .collect();
    let runbooks = found.runbooks.iter().filter(|name| !named.contains(*name));
    missing.extend(
        runbooks
            .map(|name| format!("{name}: delete {RUNBOOKS}/{name}.md, no rule makes this alert")),
    );
    missing.extend(found.routed.difference(&severities).map(|(name, severity)| {
        format!("{name}: delete the row with severity={severity} from {ROUTING}, no rule makes this alert")
    }));
    let missing: Vec<_> = missing.into_iter().collect();
    assert!(
        missing.is_empty(),
        "still to be done:\n{}",
        missing.join("\n")
    );
}

/// The name of each alert with what a message says about it.
fn prose() -> impl Iterator<Item = (String, String)> {
    let said = |alert: Rule| {
        let texts = alert.annotations.iter();
        let texts = texts.filter(|(kind, _)| matches!(kind.as_str(), "summary" | "description"));
        let texts = texts.map(|(_, text)| (alert.name().to_owned(), text.clone()));
        texts.collect::<Vec<_>>()
    };
    all().flat_map(said)
}

#[test]
fn numbers_in_annotations_are_made_readable() {
    for (alert, text) in prose() {
        for (before, after) in text
            .match_indices("$value")
            .map(|(at, value)| text.split_at(at + value.len()))
        {
            let shown = after.trim_start().starts_with("| ");
            assert!(shown || before.ends_with("if eq $value"), "{alert}: {text}");
        }
    }
}

/// Alertmanager reads what it sends to `PagerDuty` as YAML; templates/pagerduty.tmpl makes only `: ` and `{{` safe.
#[test]
fn no_annotation_is_anything_but_a_text_in_yaml() {
    for (alert, text) in prose() {
        // What `{{ … }}` becomes is a number or a name.
        let parts = text.split("{{").filter_map(|part| part.rsplit("}}").next());
        let expanded = parts.collect::<Vec<_>>().join("1");
        let safe = expanded.replace(": ", ":\u{a0}");
        // What is no YAML at all stays the text that it is.
        if let Ok(read) = serde_saphyr::from_str::<Value>(&safe) {
            assert!(read.is_string(), "{alert}: {safe} is {read}");
        }
    }
}
