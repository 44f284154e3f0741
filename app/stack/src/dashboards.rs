//! Grafana's dashboards as data: their panels, and their queries as Grafana would send them.
//!
//! `stack-tests` checks whether a running Grafana has data for them, its `grafana-schema/` whether each file has the types that
//! Grafana publishes.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use crate::repository;

/// The folder of the read-only dashboards.
pub const FOLDER: &str = "observability/grafana/dashboards";
/// The folder of the dashboard with empty panels. It has no queries.
pub const PRACTICE_FOLDER: &str = "observability/grafana/practice";

/// What dashboards ask to know where pager and Prometheus are. A pager that moved is there twice for up to five minutes.
pub const ADDRESSES: &str = "topk(1, timestamp(pager_links_info))";

/// The scrape interval of the datasource, its `timeInterval`: the smallest step of a query that does not set one.
const SCRAPE_INTERVAL: Duration = Duration::from_secs(5);

/// The only queries that may return no data: they list alerts or restarts, and there may be none, or draw a limit that appears once
/// values come near it.
const MAY_BE_EMPTY: [(&str, &str); 13] = [
    ("order-service", "Queue Depth, C"),
    ("order-service", "Busy Workers, B"),
    ("order-service", "Resident Memory, B"),
    ("order-slo", "Errors per Window, E"),
    ("order-service", "Alerts, B"),
    ("order-slo", "Alerts, B"),
    ("monitoring-path", "Alerts, B"),
    // On one machine, there is neither a cluster nor a store.
    ("monitoring-path", "Members of the Cluster, A"),
    ("monitoring-path", "Configurations, A"),
    ("monitoring-path", "Store: Newest Sample, A"),
    ("monitoring-path", "Store: Samples Refused, A"),
    ("*", "annotation Critical alerts"),
    ("*", "annotation Restarts"),
];

/// One dashboard file.
pub struct Dashboard {
    /// The file's name without `.json`.
    pub name: String,
    /// Its content.
    pub json: Value,
}

/// One query and its place.
pub struct Query {
    /// Dashboard, panel and the query's letter; or dashboard and the name of an annotation or a variable.
    pub place: String,
    /// `PromQL`, with the variables replaced.
    pub expr: String,
    /// Whether it may return no data.
    pub may_be_empty: bool,
}

/// The time range of a dashboard, and the distance between points, which Grafana chooses by the width of the panel.
#[derive(Debug, Clone, Copy)]
pub struct View {
    /// `$__range`.
    pub range: Duration,
    /// The distance between two points, before the smallest step of the query is applied.
    pub interval: Duration,
}

impl Default for View {
    /// 15 minutes, fine enough for every scrape.
    fn default() -> Self {
        Self {
            range: Duration::from_mins(15),
            interval: SCRAPE_INTERVAL,
        }
    }
}

impl View {
    /// A view in which `$__rate_interval` is this long, at least four scrapes.
    pub fn with_rate_interval(rate_interval: Duration) -> Self {
        Self {
            interval: rate_interval.saturating_sub(SCRAPE_INTERVAL),
            ..Self::default()
        }
    }

    /// Replaces Grafana's own variables in a query with this smallest step, as its Prometheus datasource does.
    fn substitute(&self, expr: &str, least_step: Duration) -> String {
        let seconds = |duration: Duration| format!("{}s", duration.as_secs());
        let rate_interval = (self.interval + least_step).max(4 * least_step);
        expr.replace("$__rate_interval", &seconds(rate_interval))
            .replace("$__interval", &seconds(self.interval.max(least_step)))
            .replace("$__range", &seconds(self.range))
    }
}

/// Every dashboard in [`FOLDER`].
pub fn all() -> Vec<Dashboard> {
    in_folder(FOLDER)
}

/// Every dashboard in a folder.
pub fn in_folder(folder: &str) -> Vec<Dashboard> {
    repository::stems(folder, "json")
        .into_iter()
        .map(|name| {
            let text = repository::read(format!("{folder}/{name}.json"));
            let json = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{name}.json: {e}"));
            Dashboard { name, json }
        })
        .collect()
}

/// One query of one panel, by the names that people see: `expr("order-service", "Error Rate", "now", &view)`.
pub fn expr(dashboard: &str, panel: &str, legend: &str, view: &View) -> String {
    let all = all();
    let found = all.iter().find(|candidate| candidate.name == dashboard);
    let found = found.unwrap_or_else(|| panic!("no dashboard {dashboard}"));
    let target = found
        .panels()
        .into_iter()
        .filter(|candidate| candidate["title"] == panel)
        .flat_map(|panel| items(&panel["targets"]))
        .find(|target| target["legendFormat"] == legend)
        .unwrap_or_else(|| panic!("{dashboard} has no {legend:?} in {panel:?}"));
    found.expr(target, view).expect("every query has one")
}

impl Dashboard {
    /// Every panel except row headings, including those in collapsed rows.
    pub fn panels(&self) -> Vec<&Value> {
        fn collect<'a>(panels: &'a Value, found: &mut Vec<&'a Value>) {
            for panel in items(panels) {
                if panel["type"] != "row" {
                    found.push(panel);
                }
                collect(&panel["panels"], found);
            }
        }
        let mut found = Vec::new();
        collect(&self.json["panels"], &mut found);
        found
    }

    /// Every address that it links, with its variables as they are written.
    pub fn links(&self) -> BTreeSet<&str> {
        let mut links = BTreeSet::new();
        collect_links(&self.json, &mut links);
        // The list of other dashboards has none.
        links.remove("");
        links
    }

    /// The queries of panels, annotations and variables, in the default view.
    pub fn queries(&self) -> Vec<Query> {
        self.queries_in(&View::default())
    }

    /// The queries of panels, annotations and variables.
    pub fn queries_in(&self, view: &View) -> Vec<Query> {
        let mut queries = Vec::new();
        for panel in self.panels() {
            let title = panel["title"].as_str().unwrap_or("a panel without a title");
            for target in items(&panel["targets"]) {
                let letter = target["refId"].as_str().unwrap_or_default();
                queries.extend(self.query(&format!("{title}, {letter}"), target, view));
            }
        }
        for annotation in items(&self.json["annotations"]["list"]) {
            let name = annotation["name"].as_str().unwrap_or_default();
            let place = format!("annotation {name}");
            queries.extend(self.query(&place, &annotation["target"], view));
        }
        for variable in items(&self.json["templating"]["list"]) {
            let name = variable["name"].as_str().unwrap_or_default();
            let definition = variable["query"]["query"].as_str().unwrap_or_default();
            let target = serde_json::json!({ "expr": asked(definition) });
            queries.extend(self.query(&format!("variable {name}"), &target, view));
        }
        queries
    }

    fn query(&self, place: &str, target: &Value, view: &View) -> Option<Query> {
        Some(Query {
            place: format!("{}, {place}", self.name),
            expr: self.expr(target, view)?,
            may_be_empty: self.may_be_empty(place),
        })
    }

    /// Whether the query at this place may return no data.
    pub fn may_be_empty(&self, place: &str) -> bool {
        MAY_BE_EMPTY.iter().any(|(dashboard, query)| {
            (*dashboard == self.name || *dashboard == "*") && *query == place
        })
    }

    /// The expression of a query with all variables replaced.
    fn expr(&self, target: &Value, view: &View) -> Option<String> {
        let least_step = target["interval"].as_str().map_or(SCRAPE_INTERVAL, seconds);
        let expr = self.with_all_chosen(target["expr"].as_str()?);
        Some(view.substitute(&expr, least_step))
    }

    /// Replaces the dashboard's own variables as Grafana does with "All" chosen.
    pub fn with_all_chosen(&self, expr: &str) -> String {
        let mut expr = expr.to_owned();
        for variable in items(&self.json["templating"]["list"]) {
            let name = variable["name"].as_str().unwrap_or_default();
            let all = variable["allValue"].as_str().unwrap_or(".*");
            for form in [
                format!("${{{name}}}"),
                format!("${{{name}:regex}}"),
                format!("${name}"),
            ] {
                expr = expr.replace(&form, all);
            }
        }
        expr
    }
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

/// A smallest step such as `15s`.
fn seconds(text: &str) -> Duration {
    let number = text
        .strip_suffix('s')
        .and_then(|number| number.parse().ok());
    Duration::from_secs(
        number.unwrap_or_else(|| panic!("the least step {text:?} is not in seconds")),
    )
}

/// What a variable asks for: the series of `label_values(series, label)`, the expression of `query_result(expression)`.
fn asked(definition: &str) -> Option<&str> {
    let inner = definition.strip_suffix(')')?;
    let series = inner.strip_prefix("label_values(");
    series
        .and_then(|inner| inner.rsplit_once(','))
        .map(|(series, _label)| series)
        .or_else(|| inner.strip_prefix("query_result("))
}

/// Adds what is linked in here: addresses in fields of the name `url`, and those in HTML.
fn collect_links<'a>(value: &'a Value, links: &mut BTreeSet<&'a str>) {
    match value {
        Value::Object(fields) => {
            links.extend(fields.get("url").and_then(Value::as_str));
            for field in fields.values() {
                collect_links(field, links);
            }
        }
        Value::Array(items) => {
            for item in items {
                collect_links(item, links);
            }
        }
        Value::String(text) => {
            let anchors = text.split("href=\"").skip(1);
            links.extend(anchors.filter_map(|rest| rest.split('"').next()));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
