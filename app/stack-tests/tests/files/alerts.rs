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
use tables::Routing;

const RUNBOOKS: &str = "observability/runbooks";

/// What is there, outside of the rules.
struct Found {
    /// The alerts that some test sees firing, and those that some test sees silent.
    fires: BTreeSet<String>,
    silent: BTreeSet<String>,
    runbooks: Vec<String>,
    dashboards: Vec<Dashboard>,
    routing: Routing,
    catalog: Catalog,
}

impl Found {
    fn read() -> Self {
        let (mut fires, mut silent) = (BTreeSet::new(), BTreeSet::new());
        for (_, test) in rules::tests() {
            for case in test.alert_rule_test {
                let fires_then = !case.exp_alerts.is_empty();
                let set = if fires_then { &mut fires } else { &mut silent };
                set.insert(case.alertname);
            }
        }
        Self {
            fires,
            silent,
            runbooks: stems(RUNBOOKS, "md"),
            dashboards: dashboards::all(),
            routing: Routing::read(),
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

    /// What is still to be done for an alert.
    fn missing(&self, alert: &Rule) -> Vec<String> {
        let name = alert.name();
        let mut missing = Vec::new();
        let mut need = |there: bool, what: String| {
            if !there {
                missing.push(what);
            }
        };
        let severity = alert.label("severity");
        need(
            matches!(severity, "critical" | "warning" | "none"),
            "set its label `severity` to critical, to warning, or, if it says that all is well, to none".to_owned(),
        );
        let annotation = |name: &str| alert.annotations.get(name).map_or("", String::as_str);
        for wanted in ["summary", "description"] {
            let there = !annotation(wanted).trim().is_empty();
            need(there, format!("write its annotation `{wanted}`"));
        }
        let url = format!("{{{{ $externalLabels.pager_url }}}}/runbooks/{name}");
        need(
            annotation("runbook_url") == url,
            format!("let its annotation `runbook_url` be {url}"),
        );
        need(
            self.fires.contains(name),
            format!(
                "write a test in which it fires, an `alert_rule_test` with `exp_alerts`, in a file of {TESTS}/"
            ),
        );
        // An alert of no severity says that all is well: it is never to be silent.
        need(
            self.silent.contains(name) || severity == "none",
            format!(
                "write a test in which it stays silent, with `exp_alerts: []`, in a file of {TESTS}/"
            ),
        );
        let page = if self.runbooks.iter().any(|runbook| runbook == name) {
            read(format!("{RUNBOOKS}/{name}.md"))
        } else {
            String::new()
        };
        for part in [
            format!("# {name}"),
            "## Meaning".to_owned(),
            "## Impact".to_owned(),
            "## Diagnosis".to_owned(),
            "## Mitigation".to_owned(),
        ] {
            need(
                page.lines().any(|line| line == part),
                format!("write `{part}` in its runbook, {RUNBOOKS}/{name}.md"),
            );
        }
        missing.extend(self.panel_missing(annotation("dashboard_url"), &alert.expr.value));
        missing.extend(self.routing.missing(alert));
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
            format!(
                "add a panel to {}/{uid}.json, to which `dashboard_url` leads, that shows one of {wanted:?}",
                dashboards::FOLDER
            )
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
    let named: BTreeSet<_> = alerts.iter().map(Rule::name).collect();
    let unused = found.runbooks.iter();
    let unused = unused.filter(|name| !named.contains(name.as_str()));
    missing.extend(
        unused.map(|name| format!("{name}: delete {RUNBOOKS}/{name}.md, no rule makes this alert")),
    );
    let missing: Vec<_> = missing.into_iter().collect();
    assert!(
        missing.is_empty(),
        "still to be done:\n{}",
        missing.join("\n")
    );
}
