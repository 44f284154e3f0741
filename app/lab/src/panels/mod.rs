//! The panels: the four empty ones of the practice dashboard, judged by what their queries do.
//!
//! - [`facts`]: what each panel's query must do
//! - [`selectors`]: what stands around each selector of a query
//!
//! They are built in Grafana, which keeps them in its own store; where there is no Grafana, in the file. Both are looked at.

mod facts;
mod selectors;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use stack::project::Stack;
use stack::repository;

use facts::{PANELS, Panel};
use selectors::uses;

const FILE: &str = "observability/grafana/practice/practice.json";

struct Finding {
    claim: String,
    /// How to get there, if it is not so yet.
    hint: Option<String>,
}

/// Looks at the queries that are there, in the file or in Grafana, and prints what is right and what is missing.
pub(crate) fn check() -> Result<()> {
    let file: Value = serde_json::from_str(&repository::read(FILE)).context(FILE)?;
    let mut panels = PANELS.iter();
    let filled = panels.any(|panel| !queries(&file, panel.title).is_empty());
    // What is saved in Grafana stays there, whatever the file says; an edited file is what somebody without Grafana has.
    let saved = if filled { None } else { saved() };
    let dashboard = saved.unwrap_or(file);
    let findings = judge(&dashboard);
    for Finding { claim, hint } in &findings {
        let verdict = if hint.is_none() { "right" } else { "missing" };
        println!("  {verdict:<8} {claim}");
    }
    let right = findings.iter().filter(|one| one.hint.is_none()).count();
    if let Some(next) = findings.iter().find_map(|one| one.hint.as_ref()) {
        let all = findings.len();
        bail!("{right} of {all} right. Next: {next}\nThen check again: scripts/lab check panels");
    }
    println!("\nEverything is right.");
    Ok(())
}

fn saved() -> Option<Value> {
    let grafana = Stack::of_this_checkout().ok()?.grafana();
    let mut saved = grafana.json("/api/dashboards/uid/practice", &[]).ok()?;
    Some(saved["dashboard"].take())
}

fn queries(dashboard: &Value, title: &str) -> Vec<String> {
    let panels = dashboard["panels"].as_array().into_iter().flatten();
    panels
        .filter(|panel| panel["title"] == title && panel["type"] != "text")
        .flat_map(|panel| panel["targets"].as_array().into_iter().flatten())
        .filter_map(|target| target["expr"].as_str())
        .filter(|expr| !expr.trim().is_empty())
        .map(ToOwned::to_owned)
        .collect()
}

fn judge(dashboard: &Value) -> Vec<Finding> {
    PANELS
        .iter()
        .flat_map(|panel| judge_panel(panel, &queries(dashboard, panel.title)))
        .collect()
}

/// Of several queries in one panel the best counts: the others may be there to compare.
fn judge_panel(panel: &Panel, exprs: &[String]) -> Vec<Finding> {
    let title = panel.title;
    let missing = |claim: &str, hint: &str| Finding {
        claim: format!("{title} {claim}"),
        hint: Some(format!("{title}: {hint}")),
    };
    if exprs.is_empty() {
        return vec![missing("has no query", panel.facts[0].hint)];
    }
    let mut findings = Vec::new();
    let mut judged = Vec::new();
    for expr in exprs {
        match uses(expr) {
            Ok(uses) => {
                let facts = panel.facts.iter();
                judged.push(facts.map(|fact| (fact.holds)(&uses)).collect::<Vec<_>>());
            }
            Err(problem) => {
                findings.push(missing(&format!("has {expr}: {problem}"), "correct it"));
            }
        }
    }
    let held = |facts: &Vec<bool>| facts.iter().filter(|holds| **holds).count();
    let best = judged.into_iter().max_by_key(held).unwrap_or_default();
    findings.extend(panel.facts.iter().zip(best).map(|(fact, holds)| Finding {
        hint: (!holds).then(|| format!("{title}: {}", fact.hint)),
        claim: format!("{title} {}", fact.claim),
    }));
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(text: &str) -> Vec<String> {
        let dashboard = serde_json::from_str(text).expect("JSON");
        let findings = judge(&dashboard).into_iter();
        findings.filter_map(|finding| finding.hint).collect()
    }

    #[test]
    fn each_empty_panel_is_one_thing_to_do() {
        assert_eq!(missing(&repository::read(FILE)).len(), 4);
    }

    #[test]
    fn the_panels_of_the_finished_dashboard_are_right() {
        let finished = repository::read("observability/grafana/dashboards/order-service.json");
        assert_eq!(missing(&finished), Vec::<String>::new());
    }
}
