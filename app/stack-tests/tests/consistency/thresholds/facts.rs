//! The dashboards and rules whose numbers are compared.

use promql_parser::parser::token::T_GTR;
use promql_parser::parser::{BinaryExpr, Expr, parse};
use promql_parser::util::{ExprVisitor, walk_expr};
use serde_json::Value;
use stack_tests::dashboards::{self, Dashboard};
use stack_tests::repository::{read, stems};

use crate::dashboards::items;

/// The parts of dashboards and rules that are compared.
pub(super) struct Facts {
    pub(super) dashboards: Vec<Dashboard>,
    pub(super) rules: Vec<Value>,
    pub(super) prometheus: Value,
}

/// The numbers that something must be above for an expression to be true.
#[derive(Default)]
struct Limits(Vec<f64>);

impl ExprVisitor for Limits {
    type Error = std::convert::Infallible;

    fn pre_visit(&mut self, expr: &Expr) -> Result<bool, Self::Error> {
        if let Expr::Binary(BinaryExpr { op, rhs, .. }) = expr
            && op.id() == T_GTR
            && let Expr::NumberLiteral(limit) = rhs.as_ref()
        {
            self.0.push(limit.val);
        }
        Ok(true)
    }
}

impl Facts {
    pub(super) fn read() -> Self {
        let folder = "observability/prometheus/rules";
        let rules = stems(folder, "yml").into_iter().flat_map(|file| {
            let file: Value =
                serde_saphyr::from_str(&read(format!("{folder}/{file}.yml"))).expect("YAML");
            items(&file["groups"])
                .flat_map(|group| items(&group["rules"]).cloned().collect::<Vec<_>>())
                .collect::<Vec<_>>()
        });
        Self {
            dashboards: dashboards::all(),
            rules: rules.collect(),
            prometheus: serde_saphyr::from_str(&read("observability/prometheus/prometheus.yml"))
                .expect("YAML"),
        }
    }

    pub(super) fn panel(&self, dashboard: &str, title: &str) -> &Value {
        let found = self.dashboards.iter().find(|found| found.name == dashboard);
        let panels = found.expect("it is there").panels();
        let panel = panels.into_iter().find(|panel| panel["title"] == title);
        panel.unwrap_or_else(|| panic!("{dashboard} has no {title}"))
    }

    /// Where a panel has lines or changes its colour.
    pub(super) fn drawn(&self, dashboard: &str, title: &str) -> Vec<f64> {
        let panel = self.panel(dashboard, title);
        let defaults = &panel["fieldConfig"]["defaults"];
        if panel["type"] == "timeseries" {
            assert_eq!(
                defaults["custom"]["thresholdsStyle"]["mode"], "line",
                "{title}"
            );
        }
        items(&defaults["thresholds"]["steps"])
            .filter_map(|step| step["value"].as_f64())
            .collect()
    }

    /// What an alert's value must be above.
    pub(super) fn limit(&self, alert: &str) -> f64 {
        let rule = self.rules.iter().find(|rule| rule["alert"] == alert);
        let expr = rule.and_then(|rule| rule["expr"].as_str());
        let parsed = parse(expr.unwrap_or_else(|| panic!("no alert {alert}"))).expect("PromQL");
        let mut limits = Limits::default();
        let Ok(_) = walk_expr(&mut limits, &parsed);
        match limits.0[..] {
            [limit] => limit,
            ref other => panic!("{alert} has the limits {other:?}"),
        }
    }

    /// The constants that a recording rule holds, with the labels that tell them apart.
    pub(super) fn recorded(&self, name: &str) -> Vec<(&Value, f64)> {
        let rules = self.rules.iter().filter(|rule| rule["record"] == name);
        rules
            .map(|rule| {
                let expr = rule["expr"].as_str().unwrap_or_default();
                let number = expr
                    .strip_prefix("vector(")
                    .and_then(|e| e.strip_suffix(')'));
                let number = number.and_then(|number| number.parse().ok());
                (&rule["labels"], number.expect("a constant"))
            })
            .collect()
    }

    pub(super) fn objective(&self, slo: &str) -> f64 {
        let all = self.recorded("slo:order_objective:ratio");
        let found = all.iter().find(|(labels, _)| labels["slo"] == slo);
        found.expect("it is there").1
    }
}
