//! Prometheus: rules, alerts and queries.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Answer, data, labels, moment};
use crate::drills::cast::{ALERTS, Broken, FakeAlert};
use crate::drills::world::{INTERVAL, World, now};

pub(crate) fn prometheus(world: &mut World, path: &str) -> Answer {
    if world.blind.is_some() && world.seeing.is_none() {
        return None;
    }
    let (route, query) = path.split_once('?').unwrap_or((path, ""));
    match route {
        "/-/ready" => Some((200, "ready".into())),
        "/api/v1/rules" => data(&rules(world, query)),
        "/api/v1/alerts" => {
            let active = ALERTS.iter().filter(|alert| world.is_active(alert));
            let mut alerts: Vec<_> = active
                .map(|alert| json!({"labels": labels(alert)}))
                .collect();
            if world.broken == Broken::AlertThere {
                alerts.push(json!({"labels": labels(&ALERTS[0])}));
            }
            alerts.push(json!({"labels": {"alertname": "TargetDown", "job": "elsewhere"}}));
            data(&json!({ "alerts": alerts }))
        }
        "/api/v1/targets" => {
            let health = if world.broken == Broken::NoTarget {
                "down"
            } else {
                "up"
            };
            data(&json!({"activeTargets": [{
                "health": health, "scrapeInterval": "100ms", "lastScrape": moment(now())
            }]}))
        }
        "/api/v1/alertmanagers" => {
            let found = if world.broken == Broken::NoAlertmanager {
                json!([])
            } else {
                json!([{"url": "http://alertmanager:9093/api/v2/alerts"}])
            };
            data(&json!({ "activeAlertmanagers": found }))
        }
        "/api/v1/status/flags" => data(&json!({"rules.alert.resend-delay": "100ms"})),
        "/api/v1/query" if query.contains("query=ALERTS") => data(&samples(world)),
        "/api/v1/query" => value(world, query),
        "/api/v1/query_range" => data(&replayed(world, query)),
        _ => Some((404, "{}".into())),
    }
}

fn rules(world: &mut World, query: &str) -> Value {
    world.asked += 1;
    let is_unknown = world.broken == Broken::RuleNotEvaluatedYet && world.asked < 4;
    let world = &*world;
    let wanted = ALERTS
        .iter()
        .filter(|alert| query.ends_with(&format!("={}", alert.name)));
    let rules: Vec<_> = wanted
        .filter(|alert| world.broken != Broken::RuleMissing || alert.name != "HighErrorRate")
        .map(|alert| {
            let unhealthy = world.broken == Broken::RuleUnhealthy;
            let active: Vec<_> = world
                .is_active(alert)
                .then(|| json!({"labels": labels(alert)}))
                .into_iter()
                .collect();
            json!({
                "name": alert.name, "query": alert.query, "duration": world.hold_of(alert), "type": "alerting",
                "labels": alert.labels.iter().copied().collect::<BTreeMap<_, _>>(),
                "health": if is_unknown { "unknown" } else if unhealthy { "err" } else { "ok" },
                "lastError": if unhealthy { "many-to-many matching" } else { "" },
                "alerts": active,
            })
        })
        .collect();
    json!({"groups": [{"name": "fake", "interval": INTERVAL, "rules": rules}]})
}

fn samples(world: &World) -> Value {
    let mut result = Vec::new();
    let mut add = |own: &Value, state: &str, times: &[f64]| {
        if !times.is_empty() {
            let mut metric = own.clone();
            metric["__name__"] = json!("ALERTS");
            metric["alertstate"] = json!(state);
            let values: Vec<_> = times.iter().map(|time| json!([time, "1"])).collect();
            result.push(json!({"metric": metric, "values": values}));
        }
    };
    for alert in &ALERTS {
        let (pending, firing) = world.samples(alert);
        add(&labels(alert), "pending", &pending);
        add(&labels(alert), "firing", &firing);
    }
    // One that is there before and all the while.
    add(
        &json!({"alertname": "TargetDown", "job": "elsewhere"}),
        "firing",
        &[now()],
    );
    if world.is_hit() {
        match world.broken {
            Broken::AnotherFires | Broken::HeldBackFires => add(
                &json!({"alertname": "ConfigReloadFailed", "severity": "warning"}),
                "firing",
                &[now()],
            ),
            Broken::SloFires => add(
                &json!({"alertname": "OrderLatencyBudgetBurn", "slo": "latency"}),
                "firing",
                &[now()],
            ),
            _ => {}
        }
    }
    json!({"resultType": "matrix", "result": result})
}

fn value(world: &World, query: &str) -> Answer {
    let value = if query.contains("order_queue_capacity") && !query.contains("depth") {
        1000.0
    } else if query.contains("max_over_time") {
        1.0
    } else if query.contains("sum30d") {
        if world.is_hit() { 500.0 } else { 0.0 }
    } else if query.contains("increase") && world.broken == Broken::NotQuiet {
        40.0
    } else {
        0.0
    };
    data(
        &json!({"resultType": "vector", "result": [{"metric": {}, "value": [now(), value.to_string()]}]}),
    )
}

fn replayed(world: &World, query: &str) -> Value {
    let number = |name: &str| -> f64 {
        let value = query.split('&').find_map(|part| part.strip_prefix(name));
        value.and_then(|text| text.parse().ok()).expect("a number")
    };
    let (mut at, end, step) = (number("start="), number("end="), number("step="));
    let encoded = |alert: &FakeAlert| loadgen::inquiry::encoded(alert.query);
    let alert = ALERTS
        .iter()
        .find(|alert| query.contains(&encoded(alert)))
        .expect("a rule's expression");
    let life = world.life(alert);
    let mut values = Vec::new();
    while at <= end {
        let is_true =
            life.true_at.is_some_and(|begin| at >= begin) && life.over.is_none_or(|over| at < over);
        if is_true {
            values.push(json!([at, "1"]));
        }
        at += step;
    }
    let result = if values.is_empty() {
        json!([])
    } else {
        json!([{"metric": {}, "values": values}])
    };
    json!({"resultType": "matrix", "result": result})
}
