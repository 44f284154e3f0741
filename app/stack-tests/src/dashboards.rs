//! Grafana's dashboards as data: their panels, and their queries as Grafana would send them.

use serde_json::Value;

use crate::repository;

/// Where the dashboards are.
pub const FOLDER: &str = "observability/grafana/dashboards";

/// One dashboard file.
pub struct Dashboard {
    /// The file's name without `.json`.
    pub name: String,
    /// Its content.
    pub json: Value,
}

/// One query, and where it stands.
pub struct Query {
    /// Dashboard and panel.
    pub place: String,
    /// `PromQL`, with the variables replaced.
    pub expr: String,
}

/// Every dashboard in the folder.
///
/// # Panics
/// One of them is not JSON.
pub fn all() -> Vec<Dashboard> {
    repository::stems(FOLDER, "json")
        .into_iter()
        .map(|name| {
            let text = repository::read(format!("{FOLDER}/{name}.json"));
            let json = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{name}.json: {e}"));
            Dashboard { name, json }
        })
        .collect()
}

impl Dashboard {
    /// Every panel but the row headings, those in collapsed rows included.
    pub fn panels(&self) -> Vec<&Value> {
        fn collect<'a>(panels: &'a Value, found: &mut Vec<&'a Value>) {
            for panel in panels.as_array().into_iter().flatten() {
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

    /// The queries of panels, annotations and variables.
    pub fn queries(&self) -> Vec<Query> {
        let query = |place: &str, expr: &Value| {
            expr.as_str().map(|expr| Query {
                place: format!("{}, {place}", self.name),
                expr: self.substitute(expr),
            })
        };
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let mut queries = Vec::new();
        for panel in self.panels() {
            let title = panel["title"].as_str().unwrap_or("a panel without a title");
            queries.extend(
                list(&panel["targets"])
                    .iter()
                    .filter_map(|t| query(title, &t["expr"])),
            );
        }
        for annotation in list(&self.json["annotations"]["list"]) {
            queries.extend(query("annotation", &annotation["expr"]));
        }
        for variable in list(&self.json["templating"]["list"]) {
            let definition = variable["query"]["query"].as_str().unwrap_or_default();
            queries.extend(
                label_values(definition).and_then(|series| query("variable", &series.into())),
            );
        }
        queries
    }

    /// Replaces variables as Grafana does at a range of 15 minutes with "All" chosen.
    fn substitute(&self, expr: &str) -> String {
        let mut expr = expr
            // 4 × the scrape interval of 5 s.
            .replace("$__rate_interval", "20s")
            .replace("$__interval", "5s")
            .replace("$__range", "900s");
        for variable in self.json["templating"]["list"]
            .as_array()
            .into_iter()
            .flatten()
        {
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

/// The series of `label_values(series, label)`.
fn label_values(definition: &str) -> Option<&str> {
    let inner = definition
        .strip_prefix("label_values(")?
        .strip_suffix(')')?;
    inner.rsplit_once(',').map(|(series, _label)| series)
}
