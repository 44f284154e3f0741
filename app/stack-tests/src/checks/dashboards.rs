//! Runs every query of every dashboard in Prometheus, and, if the stack has Grafana, sees how that reads our files.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use stack::dashboards::{self, Dashboard, PRACTICE_FOLDER};
use stack::http::Client;
use stack::project::{Stack, wait_until};
use stack::prometheus::query;

use crate::report::Report;

/// The longest interval of a rule group, plus a scrape.
const A_MINUTE_AND_MORE: Duration = Duration::from_secs(70);
/// The points of a panel in Grafana: enough for the step to be the scrape interval.
const POINTS: u64 = 500;

pub(crate) fn run(stack: &Stack, report: &Report, when: &str) {
    report.check(&format!("every dashboard's queries, {when}"), || {
        // On a new stack, the rules of the slowest group have not been evaluated yet.
        wait_until("every query has data", A_MINUTE_AND_MORE, || {
            queries(stack).map(|_| true)
        })?;
        queries(stack)
    });
}

fn queries(stack: &Stack) -> Result<String> {
    let dashboards = dashboards::all();
    let queries: Vec<_> = dashboards.iter().flat_map(Dashboard::queries).collect();
    for asked in &queries {
        let (place, expr) = (&asked.place, &asked.expr);
        let series = query(&stack.prometheus(), expr).with_context(|| place.clone())?;
        let numbers = series.iter().all(|sample| !sample.value.is_nan());
        ensure!(numbers, "{place} has no number: {expr}");
        let complete = asked.may_be_empty || !series.is_empty();
        ensure!(complete, "{place} has no data: {expr}");
    }
    Ok(format!("{} queries, none without data", queries.len()))
}

/// On a stack without Grafana, only this is skipped.
pub(crate) fn in_grafana(stack: &Stack, report: &Report) {
    if stack.has_viewer().unwrap_or(false) {
        report.check("the viewer: dashboards", || {
            every_dashboard(&stack.grafana())
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
    report.check("Grafana: health and datasources", || datasources(&grafana));
    report.check("Grafana: dashboards", || every_dashboard(&grafana));
    report.check("Grafana: the data of every panel", || every_panel(&grafana));
}

fn datasources(grafana: &Client) -> Result<String> {
    let health = grafana.json("/api/health", &[])?;
    ensure!(health["database"] == "ok", "{health}");
    let prometheus = grafana.json("/api/datasources/uid/prometheus/health", &[])?;
    ensure!(prometheus["status"] == "OK", "prometheus: {prometheus}");
    // Alertmanager's datasource lives in the browser and has no health endpoint: it asks this through the proxy.
    let path = "/api/datasources/proxy/uid/alertmanager/api/v2/status";
    let alertmanager = grafana.json(path, &[])?;
    let version = &alertmanager["versionInfo"]["version"];
    ensure!(version.is_string(), "alertmanager: {alertmanager}");
    Ok(format!("{}, Alertmanager {version}", health["version"]))
}

fn every_dashboard(grafana: &Client) -> Result<String> {
    let found = grafana.json("/api/search", &[("type", "dash-db")])?;
    let found: Vec<_> = list(&found).filter_map(|f| f["uid"].as_str()).collect();
    let practice = dashboards::in_folder(PRACTICE_FOLDER);
    for Dashboard { name, .. } in dashboards::all().iter().chain(&practice) {
        let listed = found.contains(&name.as_str());
        ensure!(listed, "{name} is not among {found:?}");
    }
    Ok(format!("{} dashboards", found.len()))
}

/// Grafana gets data for every query of every panel, except for those that may be empty.
fn every_panel(grafana: &Client) -> Result<String> {
    let mut asked = 0;
    for dashboard in dashboards::all() {
        for panel in dashboard.panels() {
            let title = panel["title"].as_str().context("a panel without a title")?;
            let targets = list(&panel["targets"]);
            let queries: Vec<_> = targets.map(|target| as_sent(&dashboard, target)).collect();
            asked += queries.len();
            let request = json!({ "from": "now-15m", "to": "now", "queries": queries });
            let answer = grafana.post_json("/api/ds/query", &request)?.json()?;
            for query in &queries {
                let letter = query["refId"].as_str().unwrap_or_default();
                let place = format!("{title}, {letter}");
                let result = &answer["results"][letter];
                let answered = result["frames"].is_array() && result["error"].is_null();
                ensure!(answered, "{}, {place}: {answer}", dashboard.name);
                let data = |frame: &Value| list(&frame["data"]["values"][0]).next().is_some();
                let complete = list(&result["frames"]).any(data) || dashboard.may_be_empty(&place);
                let expr = &query["expr"];
                ensure!(complete, "{}, {place}: no data for {expr}", dashboard.name);
            }
        }
    }
    Ok(format!("{asked} queries"))
}

/// A query as the browser sends it: the variables of the dashboard are replaced, those of Grafana are left to the server.
fn as_sent(dashboard: &Dashboard, target: &Value) -> Value {
    let mut query = target.clone();
    let expr = target["expr"].as_str().unwrap_or_default();
    query["expr"] = dashboard.with_all_chosen(expr).into();
    query["intervalMs"] = 5_000.into();
    query["maxDataPoints"] = POINTS.into();
    query
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
