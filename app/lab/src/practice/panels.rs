//! The panels: the four empty ones of the practice dashboard, judged by what their queries do ([`super::facts`]).
//!
//! They are built in Grafana, which keeps them in its own store; where there is no Grafana, in the file. Both are looked at.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use stack_tests::repository;
use stack_tests::stack::Stack;

use super::Judgement;
use super::facts::{PANELS, Panel};
use super::selectors::uses;
use super::workplace::Workplace;

/// The dashboard with the empty panels.
pub const FILE: &str = "observability/grafana/practice/practice.json";
/// The dashboard with the same four panels, filled in.
pub const MODEL: &str = "observability/grafana/dashboards/order-service.json";

/// What an empty panel has in the file: only the four panels have any.
const EMPTY: &str = "\"targets\": []";

/// The file with the gap in it: as it is committed.
///
/// # Errors
/// It does not have four empty panels.
pub fn gap(committed: &str) -> Result<String> {
    ensure!(
        committed.matches(EMPTY).count() == PANELS.len(),
        "the committed {FILE} does not have {} empty panels",
        PANELS.len()
    );
    Ok(committed.to_owned())
}

/// The file with the queries of the model in it, panel by panel.
///
/// # Errors
/// The model lacks one of the panels, or the file is not empty.
pub fn solved(committed: &str, model: &str) -> Result<String> {
    filled(committed, model, None)
}

/// The solution with each panel empty by itself.
///
/// # Errors
/// The model lacks one of the panels, or the file is not empty.
pub fn single_gaps(committed: &str, model: &str) -> Result<Vec<String>> {
    PANELS
        .iter()
        .map(|panel| filled(committed, model, Some(panel.title)))
        .collect()
}

/// The solution, but for one panel that stays empty.
fn filled(committed: &str, model: &str, empty: Option<&str>) -> Result<String> {
    let mut text = gap(committed)?;
    let model: Value = serde_json::from_str(model).context(MODEL)?;
    // Which of the file's panels comes first decides whose queries do.
    let file: Value = serde_json::from_str(committed).context(FILE)?;
    for panel in panels(&file).filter(|panel| panel["targets"].is_array()) {
        let title = panel["title"].as_str().unwrap_or_default();
        if Some(title) == empty {
            // Another spelling than the others', which are still to be filled.
            text = text.replacen(EMPTY, "\"targets\": [ ]", 1);
            continue;
        }
        let mut targets = find(&model, title)
            .with_context(|| format!("{MODEL} has no panel {title}"))?["targets"]
            .clone();
        for target in targets.as_array_mut().into_iter().flatten() {
            let expr = target["expr"].as_str().unwrap_or_default();
            target["expr"] = for_any_instance(expr).into();
        }
        let filled = serde_json::to_string_pretty(&targets)?.replace('\n', "\n      ");
        text = text.replacen(EMPTY, &format!("\"targets\": {filled}"), 1);
    }
    Ok(text)
}

/// The practice dashboard has no variable to choose an instance.
fn for_any_instance(expr: &str) -> String {
    expr.replace("{instance=~\"$instance\"}", "")
        .replace(", instance=~\"$instance\"", "")
        .replace("instance=~\"$instance\", ", "")
}

fn panels(dashboard: &Value) -> impl Iterator<Item = &Value> {
    dashboard["panels"].as_array().into_iter().flatten()
}

fn find<'a>(dashboard: &'a Value, title: &str) -> Option<&'a Value> {
    panels(dashboard).find(|panel| panel["title"] == title && panel["type"] != "text")
}

/// The queries of a panel.
fn queries(dashboard: &Value, title: &str) -> Vec<String> {
    let targets = find(dashboard, title).and_then(|panel| panel["targets"].as_array());
    targets
        .into_iter()
        .flatten()
        .filter_map(|target| target["expr"].as_str())
        .filter(|expr| !expr.trim().is_empty())
        .map(ToOwned::to_owned)
        .collect()
}

/// Looks at the queries that are there, in the file or in Grafana.
///
/// # Errors
/// The file is not JSON.
pub fn judge(workplace: &Workplace) -> Result<Judgement> {
    let file: Value = serde_json::from_str(&workplace.read(FILE)?).context(FILE)?;
    let filled = PANELS
        .iter()
        .any(|panel| !queries(&file, panel.title).is_empty());
    // What is saved in Grafana stays there, whatever the file says; an edited file is what somebody without Grafana has.
    let dashboard = if filled {
        file
    } else {
        saved(workplace).unwrap_or(file)
    };
    let mut judgement = Judgement::default();
    for panel in &PANELS {
        judge_panel(panel, &queries(&dashboard, panel.title), &mut judgement);
    }
    Ok(judgement)
}

/// The dashboard as it is saved in the running Grafana.
fn saved(workplace: &Workplace) -> Option<Value> {
    // A copy of the checkout has no Grafana of its own.
    if workplace.root() != repository::root() {
        return None;
    }
    let grafana = Stack::of_this_checkout().ok()?.grafana();
    let mut saved = grafana.json("/api/dashboards/uid/practice", &[]).ok()?;
    Some(saved["dashboard"].take())
}

/// What is saved in Grafana and nowhere else: Grafana drops it as soon as the file changes.
pub fn only_in_grafana(workplace: &Workplace, file: &str) -> Option<String> {
    let saved = saved(workplace).filter(|saved| has_queries_of_its_own(saved, file))?;
    Some(format!("{saved:#}\n"))
}

/// Whether there are queries in the saved dashboard, and others than in the file.
fn has_queries_of_its_own(saved: &Value, file: &str) -> bool {
    let file: Value = serde_json::from_str(file).unwrap_or_default();
    let all = |dashboard: &Value| PANELS.map(|panel| queries(dashboard, panel.title));
    let saved = all(saved);
    saved.iter().any(|panel| !panel.is_empty()) && saved != all(&file)
}

/// Of several queries in one panel the best counts: the others may be there to compare.
fn judge_panel(panel: &Panel, exprs: &[String], judgement: &mut Judgement) {
    let title = panel.title;
    if exprs.is_empty() {
        judgement.miss(
            format!("{title} has no query"),
            format!("{title}: {}", panel.facts[0].hint),
        );
        return;
    }
    let mut best = None;
    for expr in exprs {
        match uses(expr) {
            Ok(uses) => {
                let held = panel.facts.iter().filter(|fact| fact.holds(&uses)).count();
                if best.as_ref().is_none_or(|(most, _)| held > *most) {
                    best = Some((held, uses));
                }
            }
            Err(problem) => judgement.miss(
                format!("{title}: {problem}"),
                format!("{title}: fix {expr}"),
            ),
        }
    }
    let Some((_, uses)) = best else { return };
    for fact in panel.facts {
        let claim = format!("{title} {}", fact.claim);
        if fact.holds(&uses) {
            judgement.note(claim, true);
        } else {
            judgement.miss(claim, format!("{title}: {}", fact.hint));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(text: &str) -> Judgement {
        let dashboard: Value = serde_json::from_str(text).expect("JSON");
        let mut judgement = Judgement::default();
        for panel in &PANELS {
            judge_panel(panel, &queries(&dashboard, panel.title), &mut judgement);
        }
        judgement
    }

    #[test]
    fn the_empty_dashboard_has_everything_to_do() {
        let judgement = judged(&gap(&repository::read(FILE)).expect("four empty panels"));
        assert_eq!(judgement.missing.len(), 4);
        assert!(!judgement.is_complete());
    }

    #[test]
    fn only_queries_that_the_file_lacks_are_worth_keeping() {
        let empty = repository::read(FILE);
        let solved = solved(&empty, &repository::read(MODEL)).expect("the four panels are there");
        let json = |text: &str| serde_json::from_str(text).expect("JSON");
        assert!(has_queries_of_its_own(&json(&solved), &empty));
        assert!(has_queries_of_its_own(&json(&solved), "{"));
        assert!(!has_queries_of_its_own(&json(&solved), &solved));
        assert!(!has_queries_of_its_own(&json(&empty), &solved));
    }

    #[test]
    fn the_provisioned_queries_are_the_solution() {
        let solved = solved(&repository::read(FILE), &repository::read(MODEL));
        let solved = solved.expect("the four panels are there");
        let judgement = judged(&solved);
        assert!(judgement.is_complete(), "{:?}", judgement.missing);
        assert!(
            !solved.contains("$instance"),
            "the practice dashboard has no such variable"
        );
    }
}
