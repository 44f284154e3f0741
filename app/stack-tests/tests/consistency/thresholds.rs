//! Every line in a dashboard is where the rules or the settings have the limit that it stands for, and every window is long
//! enough for what it looks at.

mod facts;

use std::collections::BTreeMap;

use serde_json::Value;
use stack_tests::dashboards::{self, Dashboard, View};
use stack_tests::repository::dot_env;

use crate::dashboards::items;
use facts::Facts;

fn seconds(value: &Value) -> f64 {
    let text = value.as_str().and_then(|text| text.strip_suffix('s'));
    text.and_then(|text| text.parse().ok()).expect("seconds")
}

#[test]
fn lines_are_where_the_rules_have_their_limits() {
    let facts = Facts::read();
    for (title, alert) in [
        ("P95 Latency", "HighLatency"),
        ("Error Rate", "HighErrorRate"),
        ("Queue Filled", "OrderQueueNearlyFull"),
    ] {
        assert_eq!(
            facts.drawn("order-service", title),
            [facts.limit(alert)],
            "{title}"
        );
    }
    // Capacity is a series, so this line is one too.
    let depth = facts.panel("order-service", "Queue Depth");
    let line = format!(
        "{} * sum(order_queue_capacity{{",
        facts.limit("OrderQueueNearlyFull")
    );
    let drawn =
        items(&depth["targets"]).any(|t| t["expr"].as_str().is_some_and(|e| e.starts_with(&line)));
    assert!(drawn, "no line at {line}");

    for (title, slo) in [("Availability", "availability"), ("Latency", "latency")] {
        assert_eq!(
            facts.drawn("order-slo", title),
            [facts.objective(slo)],
            "{title}"
        );
    }
    let mut limits: Vec<_> = facts.recorded("long_window:order_burn_limit:ratio");
    limits.sort_by(|(_, one), (_, other)| one.total_cmp(other));
    let limits: Vec<_> = limits.into_iter().map(|(_, limit)| limit).collect();
    for title in ["Availability Burn Rate", "Latency Burn Rate"] {
        assert_eq!(facts.drawn("order-slo", title), limits, "{title}");
    }
}

#[test]
fn lines_are_where_the_settings_have_their_limits() {
    let facts = Facts::read();
    let global = &facts.prometheus["global"];
    let finest = View::default().interval.as_secs_f64();
    assert!((finest - seconds(&global["scrape_interval"])).abs() < f64::EPSILON);
    let jobs = items(&facts.prometheus["scrape_configs"]);
    let mut jobs = jobs.filter(|job| job["job_name"] == "order-service");
    let sample_limit = jobs.next().and_then(|job| job["sample_limit"].as_f64());
    let alarm = dot_env()["PAGER_DEADMAN_SECONDS"].parse().expect("seconds");
    for (title, limit) in [
        ("Scrape Duration", seconds(&global["scrape_timeout"])),
        ("Samples per Scrape", sample_limit.expect("it has one")),
        (
            "Rule Evaluation Time",
            seconds(&global["evaluation_interval"]),
        ),
    ] {
        assert_eq!(facts.drawn("monitoring-path", title), [limit], "{title}");
    }
    // Once as a number and once over time.
    let panels = facts.dashboards.iter().flat_map(Dashboard::panels);
    for panel in panels.filter(|panel| panel["title"] == "Watchdog's Age") {
        let steps = items(&panel["fieldConfig"]["defaults"]["thresholds"]["steps"]);
        assert_eq!(
            steps.last().and_then(|step| step["value"].as_f64()),
            Some(alarm)
        );
    }
}

#[test]
fn burn_rates_are_shown_over_every_window_that_an_alert_looks_at() {
    let facts = Facts::read();
    let asks = |title: &str, what: &str| {
        let panel = facts.panel("order-slo", title);
        let found = items(&panel["targets"]).any(|target| {
            target["expr"]
                .as_str()
                .is_some_and(|expr| expr.contains(what))
        });
        assert!(found, "{title} does not show {what}");
    };
    for (labels, _) in facts.recorded("long_window:order_burn_limit:ratio") {
        let [long, short] =
            ["long_window", "short_window"].map(|l| labels[l].as_str().expect("text"));
        for window in [long, short] {
            asks(
                "Availability Burn Rate",
                &format!("ratio_rate{window}{{slo=\"availability\"}}"),
            );
            asks(
                "Latency Burn Rate",
                &format!("ratio_rate{window}{{slo=\"latency\"}}"),
            );
        }
        let [long_rate, short_rate] =
            [long, short].map(|w| format!("job_slo:order_burn:ratio_rate{w}"));
        let near = format!(
            "(({long_rate} < {short_rate}) or {short_rate})\n  \
             / on () group_left (long_window, short_window) \
             long_window:order_burn_limit:ratio{{long_window=\"{long}\"}}"
        );
        asks("How Near Each Alert Is", &near);
        asks(
            "Errors per Window",
            &format!("rate{long}{{slo=\"availability\"}}"),
        );
    }
}

/// The scrape interval of the job that a metric's name belongs to; none if it is the global one.
fn scrape_interval<'a>(jobs: &'a BTreeMap<&str, &Value>, expr: &str) -> Option<&'a str> {
    jobs.iter()
        .filter(|(job, _)| expr.contains(&format!("{job}_")))
        .find_map(|(_, config)| config["scrape_interval"].as_str())
}

#[test]
fn panels_use_the_rate_interval_of_what_they_ask_and_rules_never_do() {
    let facts = Facts::read();
    let jobs: BTreeMap<_, _> = items(&facts.prometheus["scrape_configs"])
        .map(|job| (job["job_name"].as_str().unwrap_or_default(), job))
        .collect();
    for dashboard in &facts.dashboards {
        for panel in dashboard.panels() {
            let five_minutes = |target: &Value| {
                let legend = target["legendFormat"].as_str().unwrap_or_default();
                let description = panel["description"].as_str().unwrap_or_default();
                legend.contains("over 5 minutes") || description.contains("in the last 5 minutes")
            };
            for target in items(&panel["targets"]) {
                let expr = target["expr"].as_str().unwrap_or_default();
                let place = format!("{}, {}: {expr}", dashboard.name, panel["title"]);
                for window in expr
                    .split('[')
                    .skip(1)
                    .filter_map(|rest| rest.split(']').next())
                {
                    assert!(
                        window == "$__rate_interval"
                            || (window == "$__range" && target["instant"] == true)
                            || (window == "5m" && five_minutes(target)),
                        "{place}"
                    );
                }
                // The rate interval is four times the least step: of a job that is scraped less often, it must be said.
                if expr.contains("[$__rate_interval]") {
                    let least_step = target["interval"].as_str();
                    assert_eq!(least_step, scrape_interval(&jobs, expr), "{place}");
                }
            }
        }
    }
    for rule in &facts.rules {
        let expr = rule["expr"].as_str().expect("every rule has one");
        assert!(!expr.contains("$__"), "{expr}");
    }
}

#[test]
fn a_panel_over_the_time_shown_asks_once() {
    for panel in Facts::read().dashboards.iter().flat_map(Dashboard::panels) {
        let single = matches!(panel["type"].as_str(), Some("stat" | "bargauge"));
        for target in items(&panel["targets"]) {
            assert_eq!(target["instant"] == true, single, "{}", panel["title"]);
            assert_eq!(target["range"] == true, !single, "{}", panel["title"]);
        }
    }
}

#[test]
fn only_queries_for_alerts_may_be_empty() {
    let queries: Vec<_> = dashboards::all()
        .iter()
        .flat_map(Dashboard::queries)
        .collect();
    let empty: Vec<_> = queries.iter().filter(|query| query.may_be_empty).collect();
    // The alerts of each of the three dashboards, as bars and as marks.
    assert_eq!(empty.len(), 6);
    for query in empty {
        let names = crate::dashboards::selected(&query.expr);
        // With pager's, for the link in the text of a mark: there is a default for where it is not.
        let known = ["ALERTS", "pager_links_info"];
        assert!(
            names.first().is_some_and(|name| name == "ALERTS")
                && names.iter().all(|name| known.contains(&name.as_str())),
            "{}",
            query.place
        );
    }
}
