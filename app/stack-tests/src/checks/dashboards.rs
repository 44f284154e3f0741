//! Runs every query of every dashboard in Prometheus, and in Grafana if the stack has it.

use std::time::Duration;

use super::grafana;
use crate::report::Report;
use anyhow::{Context, Result, ensure};
use stack::dashboards::{self, Dashboard};
use stack::project::{Stack, wait_until};
use stack::prometheus::query;

/// The longest interval of a rule group, plus a scrape.
const A_MINUTE_AND_MORE: Duration = Duration::from_secs(70);

pub(crate) fn run(stack: &Stack, report: &Report, when: &str) {
    report.check(&format!("every dashboard's queries, {when}"), || {
        // On a new stack, the rules of the slowest group have not been evaluated yet.
        wait_until("every query has data", A_MINUTE_AND_MORE, || {
            queries(stack).map(|_| true)
        })?;
        queries(stack)
    });
}

/// Every query is valid, and returns data unless it may be empty.
fn queries(stack: &Stack) -> Result<String> {
    let queries: Vec<_> = dashboards::all()
        .iter()
        .flat_map(Dashboard::queries)
        .collect();
    for asked in &queries {
        let series =
            query(&stack.prometheus(), &asked.expr).with_context(|| asked.place.clone())?;
        let numbers = series.iter().all(|sample| !sample.value.is_nan());
        ensure!(numbers, "{} has no number: {}", asked.place, asked.expr);
        ensure!(
            asked.may_be_empty || !series.is_empty(),
            "{} has no data: {}",
            asked.place,
            asked.expr
        );
    }
    Ok(format!("{} queries, none without data", queries.len()))
}

/// How Grafana reads the files; on a stack without Grafana, only this is skipped.
pub(crate) fn in_grafana(stack: &Stack, report: &Report) {
    if stack.has_viewer().unwrap_or(false) {
        report.check("the viewer: dashboards", || {
            grafana::lists_every_dashboard(&stack.grafana())
        });
    }
    // If this cannot be found out, the checks run, and fail.
    if !stack.has_grafana().unwrap_or(true) {
        report.skipped(
            "Grafana's own view of datasources, dashboards and panels: this stack has no Grafana",
        );
        return;
    }
    let grafana = stack.grafana();
    report.check("Grafana: health", || grafana::is_healthy(&grafana));
    report.check("Grafana: datasources", || {
        grafana::reaches_its_datasources(&grafana)
    });
    report.check("Grafana: dashboards", || {
        grafana::lists_every_dashboard(&grafana)
    });
    report.check("Grafana: the data of every panel", || {
        grafana::answers_every_panel(&grafana)
    });
}
