//! The numbers of the rules, where they are repeated in prose: in annotations, at the beginning of runbooks, in panels.

use serde_json::Value;
use stack_tests::repository::read;

use super::facts::Facts;
use crate::dashboards::text;

fn percent(share: f64) -> String {
    format!("{} %", (share * 1000.0).round() / 10.0)
}

/// Fails unless the text has this number, as seconds or as thousands.
pub(super) fn assert_says(text: &str, limit: f64) {
    let digits = limit.to_string();
    let spelled = match digits.len().checked_sub(3) {
        Some(at) if at > 0 => format!("{},{}", &digits[..at], &digits[at..]),
        _ => format!("{digits} s"),
    };
    assert!(text.contains(&spelled), "no {spelled:?} in {text:?}");
}

/// A duration of a rule, as prose may have it.
fn spelled(duration: &str) -> &[&str] {
    match duration {
        "15s" => &["15 s"],
        "1m" => &["1 minute", "a minute", "last minute"],
        "2m" => &["2 minutes"],
        "5m" => &["5 minutes"],
        other => panic!("{other} is not yet spelled out here"),
    }
}

fn runbook(alert: &str) -> String {
    read(format!("observability/runbooks/{alert}.md"))
}

/// What a runbook says before its first heading.
fn opening(alert: &str) -> String {
    let page = runbook(alert);
    page.split("\n## ")
        .next()
        .unwrap_or_default()
        .replace('\n', " ")
}

/// The alerts that have their numbers in their expression, not in a series.
fn plain_alerts(facts: &Facts) -> impl Iterator<Item = &Value> {
    let alerts = facts.rules.iter().filter(|rule| rule["alert"].is_string());
    alerts.filter(|rule| rule["labels"]["slo"].is_null())
}

#[test]
fn runbooks_and_annotations_name_the_times_of_their_rules() {
    for rule in plain_alerts(&Facts::read()) {
        let (alert, expr) = (text(rule, "alert"), text(rule, "expr"));
        let windows = expr
            .split('[')
            .skip(1)
            .filter_map(|rest| rest.split(']').next());
        let windows: Vec<_> = windows.map(spelled).collect();
        let held = rule["for"].as_str().map(spelled);
        let opening = opening(alert).to_lowercase();
        let says = |text: &str, before: &str, time: &[&str]| {
            let mut all = time.iter();
            all.any(|words| text.contains(&format!("{before}{words}")))
        };
        for time in &windows {
            assert!(
                says(&opening, "", time),
                "the first paragraph of the runbook {alert} does not name the rule's window, {}",
                time[0]
            );
        }
        if let Some(time) = held {
            assert!(
                says(&opening, "for ", time),
                "the first paragraph of the runbook {alert} does not say \"for {}\"",
                time[0]
            );
        }
        if let Some((_, least)) = expr.split_once(">= ") {
            let least = format!("at least {} orders", least.trim());
            assert!(opening.contains(&least), "no {least:?} in {opening:?}");
        }
        let description = text(&rule["annotations"], "description");
        if description.contains("the last ") {
            let mut times = windows.iter().chain(&held);
            assert!(
                times.any(|time| says(description, "", time)),
                "{description}"
            );
        }
    }
}

#[test]
fn runbooks_annotations_and_panels_name_the_limits_of_their_rules() {
    let facts = Facts::read();
    let seconds = |limit| format!("{limit} s");
    for (alert, panel, limit) in [
        ("HighErrorRate", "Error Rate", percent as fn(f64) -> String),
        ("HighLatency", "P95 Latency", seconds),
        ("OrderQueueNearlyFull", "Queue Filled", percent),
    ] {
        let limit = limit(facts.limit(alert));
        let shown = text(facts.panel("order-service", panel), "description");
        for text in [&opening(alert), shown] {
            assert!(text.contains(&limit), "no {limit:?} in {text:?}");
        }
        let rule = plain_alerts(&facts).find(|rule| rule["alert"] == alert);
        let rule = rule.expect("it is there");
        if let Some((_, held)) = shown.split_once("stays above for ") {
            let times = spelled(text(rule, "for"));
            assert!(times.iter().any(|time| held.starts_with(time)), "{shown}");
        }
        let annotations = &rule["annotations"];
        let prose = format!(
            "{} {}",
            text(annotations, "summary"),
            text(annotations, "description")
        );
        let words: Vec<_> = prose.split_whitespace().collect();
        let mut said = words
            .windows(2)
            .map(|pair| format!("{} {}", pair[0], pair[1].trim_end_matches(['.', ','])))
            .filter(|said| said.ends_with(" s") || said.ends_with(" %"))
            .peekable();
        assert!(said.peek().is_some(), "{alert} does not say its limit");
        said.for_each(|said| assert_eq!(said, limit, "{alert}"));
    }
}

#[test]
fn burn_rates_in_prose_are_those_of_the_rules() {
    const MONTH: f64 = 30.0 * 24.0;
    let facts = Facts::read();
    let limits = facts.recorded("long_window:order_burn_limit:ratio");
    let record = |name: &str| facts.rules.iter().find(|rule| rule["record"] == name);
    let floor = record("slo:order_traffic_floor:rate").expect("it is there");
    let floor = text(floor, "expr").rsplit(' ').next().unwrap_or_default();
    let near = text(
        facts.panel("order-slo", "How Near Each Alert Is"),
        "description",
    );
    for (slo, alert, panel) in [
        (
            "availability",
            "OrderAvailabilityBudgetBurn",
            "Availability Burn Rate",
        ),
        ("latency", "OrderLatencyBudgetBurn", "Latency Burn Rate"),
    ] {
        let page = runbook(alert);
        let shown = text(facts.panel("order-slo", panel), "description");
        let says = |text: &str, what: &str| assert!(text.contains(what), "no {what:?} in {text:?}");
        let objective = facts.objective(slo);
        says(&page, &format!(" {} ", percent(objective)));
        says(&page, &format!("less than {floor} order/s"));
        for text in [shown, near] {
            says(text, &format!("more than {floor} per second"));
        }
        for (labels, limit) in &limits {
            let (long, short) = (text(labels, "long_window"), text(labels, "short_window"));
            let alerts = facts.rules.iter().map(|rule| &rule["labels"]);
            let severity = alerts
                .filter(|rule| rule["slo"] == slo && rule["long_window"] == long)
                .find_map(|rule| rule["severity"].as_str());
            let long_hours = match long.split_at(long.len() - 1) {
                (days, "d") => 24.0 * days.parse::<f64>().expect("a number"),
                (hours, _) => hours.parse().expect("a number"),
            };
            let share = percent(limit * (1.0 - objective));
            let spent = percent(limit * long_hours / MONTH);
            let row = format!("| {long}, {short} | {limit} | {share} | {spent} in ");
            let row = page.lines().find(|line| line.starts_with(&row));
            let severity = severity.expect("each limit has its alert");
            assert!(
                row.is_some_and(|row| row.ends_with(&format!("| {severity} |"))),
                "{alert}, {long}: {row:?}"
            );
            says(shown, &format!("{long} and {short} above {limit}"));
        }
        let fastest = limits.iter().map(|(_, limit)| *limit).fold(0.0, f64::max);
        says(&page, &format!("At a burn rate of {fastest}, "));
    }
}
