//! How Grafana reads our files: whether it is healthy, reaches both datasources, lists every dashboard, and gets data for every
//! panel.
//!
//! For what can be checked without Grafana, see [`super::dashboards`].

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use stack::dashboards::{self, Dashboard, PRACTICE_FOLDER};
use stack::http::Client;

/// The points of a panel: enough for the step to be the scrape interval.
const POINTS: u64 = 500;

/// Grafana and its database are healthy.
pub(crate) fn is_healthy(grafana: &Client) -> Result<String> {
    let health = grafana.json("/api/health", &[])?;
    ensure!(health["database"] == "ok", "{health}");
    Ok(format!("version {}", health["version"]))
}

/// Grafana reaches Prometheus and Alertmanager.
pub(crate) fn reaches_its_datasources(grafana: &Client) -> Result<String> {
    let prometheus = grafana.json("/api/datasources/uid/prometheus/health", &[])?;
    ensure!(prometheus["status"] == "OK", "prometheus: {prometheus}");
    // Alertmanager's datasource lives in the browser and has no health endpoint: it asks this through the proxy.
    let path = "/api/datasources/proxy/uid/alertmanager/api/v2/status";
    let alertmanager = grafana.json(path, &[])?;
    let version = &alertmanager["versionInfo"]["version"];
    ensure!(version.is_string(), "alertmanager: {alertmanager}");
    Ok(format!("prometheus, and alertmanager {version}"))
}

/// Grafana lists every dashboard, `practice` too.
pub(crate) fn lists_every_dashboard(grafana: &Client) -> Result<String> {
    let found = grafana.json("/api/search", &[("type", "dash-db")])?;
    let found: Vec<_> = list(&found).filter_map(|f| f["uid"].as_str()).collect();
    let practice = dashboards::in_folder(PRACTICE_FOLDER);
    let all: Vec<_> = dashboards::all().into_iter().chain(practice).collect();
    for Dashboard { name, .. } in &all {
        ensure!(
            found.contains(&name.as_str()),
            "{name} is not among {found:?}"
        );
    }
    Ok(format!("{} dashboards", all.len()))
}

/// Grafana gets data for every query of every panel, except for those that may be empty.
pub(crate) fn answers_every_panel(grafana: &Client) -> Result<String> {
    let mut asked = 0;
    for dashboard in dashboards::all() {
        for panel in dashboard.panels() {
            let title = panel["title"].as_str().context("a panel without a title")?;
            let queries: Vec<_> = list(&panel["targets"])
                .map(|target| as_sent(&dashboard, target))
                .collect();
            asked += queries.len();
            let request = json!({ "from": "now-15m", "to": "now", "queries": queries });
            let answer = grafana.post_json("/api/ds/query", &request)?.json()?;
            for query in &queries {
                let letter = query["refId"].as_str().unwrap_or_default();
                let place = format!("{title}, {letter}");
                let result = &answer["results"][letter];
                ensure!(
                    result["frames"].is_array() && result["error"].is_null(),
                    "{}, {place}: {answer}",
                    dashboard.name
                );
                ensure!(
                    has_data(result) || dashboard.may_be_empty(&place),
                    "{}, {place}: no data for {}",
                    dashboard.name,
                    query["expr"]
                );
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

fn has_data(result: &Value) -> bool {
    list(&result["frames"]).any(|frame| list(&frame["data"]["values"][0]).next().is_some())
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
