//! Everything that belongs to an alert is there. What is missing is listed, in words that say what to do.
//!
//! Routes and inhibition: [`tables`].

mod tables;

use std::collections::BTreeSet;

use stack::dashboards::{self, Dashboard};
use stack::promql::Parts;
use stack::repository::{read, stems};
use stack::rules::{self, Rule, TESTS};

use crate::queries::series::Catalog;
use tables::Tables;

const RUNBOOKS: &str = "observability/runbooks";

struct Found {
    /// The alerts that some test sees firing, and those that some test sees silent.
    fires: BTreeSet<String>,
    silent: BTreeSet<String>,
    runbooks: Vec<String>,
    dashboards: Vec<Dashboard>,
    tables: Tables,
    catalog: Catalog,
}

impl Found {
    fn read() -> Self {
        let tests = rules::tests().into_iter();
        let cases: Vec<_> = tests.flat_map(|(_, test)| test.alert_rule_test).collect();
        let named = |fires: bool| {
            let named = cases
                .iter()
                .filter(|case| case.exp_alerts.is_empty() != fires);
            named.map(|case| case.alertname.clone()).collect()
        };
        Self {
            fires: named(true),
            silent: named(false),
            runbooks: stems(RUNBOOKS, "md"),
            dashboards: dashboards::all(),
            tables: Tables::read(),
            catalog: Catalog::read(),
        }
    }

    /// The names of the series that an expression asks for.
    fn asked(&self, expr: &str) -> BTreeSet<String> {
        let parts = Parts::of(expr).unwrap_or_default();
        let selectors = parts.selectors.iter();
        let names = selectors.flat_map(|selector| self.catalog.matching(selector));
        names.map(|(name, _)| name.to_owned()).collect()
    }

    fn missing(&self, alert: &Rule) -> Vec<String> {
        let name = alert.name();
        let severity = alert.label("severity");
        let annotation = |name: &str| alert.annotations.get(name).map_or("", String::as_str);
        let written = |name: &str| !annotation(name).trim().is_empty();
        let url = format!("{{{{ $externalLabels.pager_url }}}}/runbooks/{name}");
        let file = format!("{RUNBOOKS}/{name}.md");
        let has_runbook = self.runbooks.iter().any(|runbook| runbook == name);
        let needs = [
            (
                matches!(severity, "critical" | "warning" | "none"),
                "set its label `severity` to critical, to warning, or, if it says that all is well, to none".to_owned(),
            ),
            (written("summary"), "write its annotation `summary`".to_owned()),
            (written("description"), "write its annotation `description`".to_owned()),
            (annotation("runbook_url") == url, format!("let its annotation `runbook_url` be {url}")),
            (
                self.fires.contains(name),
                format!("write a test in which it fires, an `alert_rule_test` with `exp_alerts`, in a file of {TESTS}/"),
            ),
            (
                // An alert of no severity says that all is well: it is never to be silent.
                self.silent.contains(name) || severity == "none",
                format!("write a test in which it stays silent, with `exp_alerts: []`, in a file of {TESTS}/"),
            ),
            (
                has_runbook,
                format!("write its runbook, {file}, with the parts Meaning, Impact, Diagnosis and Mitigation"),
            ),
        ];
        let needs = needs.into_iter().filter(|(there, _)| !there);
        let mut missing: Vec<_> = needs.map(|(_, what)| what).collect();
        if has_runbook {
            let page = read(&file);
            let parts = ["Meaning", "Impact", "Diagnosis", "Mitigation"].map(|p| format!("## {p}"));
            let parts = [format!("# {name}")].into_iter().chain(parts);
            let absent = parts.filter(|part| !page.lines().any(|line| line == part));
            missing.extend(absent.map(|part| format!("write `{part}` in {file}")));
        }
        missing.extend(self.panel_missing(annotation("dashboard_url"), &alert.expr.value));
        missing.extend(self.tables.missing(alert));
        missing
    }

    /// The dashboard that an alert links is to show something that the alert looks at.
    fn panel_missing(&self, url: &str, expr: &str) -> Option<String> {
        const DASHBOARDS: &str = "{{ $externalLabels.grafana_url }}/d/";
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
        let wanted = self.asked(expr);
        let queries = dashboard.queries().into_iter();
        let shown: BTreeSet<_> = queries.flat_map(|query| self.asked(&query.expr)).collect();
        (!wanted.is_empty() && wanted.is_disjoint(&shown)).then(|| {
            let file = format!("{}/{uid}.json", dashboards::FOLDER);
            format!("add a panel to {file}, to which `dashboard_url` leads, that shows one of {wanted:?}")
        })
    }
}

#[test]
fn nothing_that_belongs_to_an_alert_is_missing() {
    let found = Found::read();
    let alerts = rules::alerts();
    let mut missing = BTreeSet::new();
    for alert in &alerts {
        let todo = found.missing(alert).into_iter();
        missing.extend(todo.map(|what| format!("{}: {what}", alert.name())));
    }
    for name in &found.runbooks {
        if !alerts.iter().any(|alert| alert.name() == name) {
            let file = format!("{RUNBOOKS}/{name}.md");
            missing.insert(format!("{name}: delete {file}, no rule makes this alert"));
        }
    }
    let missing: Vec<_> = missing.into_iter().collect();
    let todo = missing.join("\n");
    assert!(missing.is_empty(), "still to be done:\n{todo}");
}
