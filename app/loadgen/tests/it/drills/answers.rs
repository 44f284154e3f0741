//! What the fake servers say of the fake world, in the words of the real ones.

use serde_json::{Value, json};

use super::world::{
    ALARM_AFTER, ALERTS, Broken, FakeAlert, GROUP_INTERVAL, GROUP_WAIT, INTERVAL, World, now,
};

/// Status and body; `None` closes the connection.
type Answer = Option<(u16, String)>;

#[expect(
    clippy::unnecessary_wraps,
    reason = "one of the answers that there are"
)]
fn ok(value: &Value) -> Answer {
    Some((200, value.to_string()))
}

fn data(value: &Value) -> Answer {
    ok(&json!({"status": "success", "data": value}))
}

fn labels(alert: &FakeAlert) -> Value {
    let mut labels = json!({"alertname": alert.name, "job": "order-service"});
    for (name, value) in alert.labels {
        labels[*name] = json!(value);
    }
    labels
}

/// RFC 3339, to the millisecond.
fn moment(at: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970")]
    let time = jiff::Timestamp::from_millisecond((at * 1000.0).round() as i64);
    format!("{:.3}", time.expect("a moment of this century"))
}

pub(crate) fn order_service(world: &mut World, method: &str, path: &str) -> Answer {
    if world.down.is_some() && world.up.is_none() {
        return None;
    }
    if path.starts_with("/ready") {
        let status = if world.broken == Broken::NotReady {
            503
        } else {
            200
        };
        return Some((status, "{}".into()));
    }
    if method == "POST" {
        world.sent.push(path.into());
        let is_bad = path.contains("fail=true")
            || path.contains("slow=true")
            || path.contains("error_rate=0.5");
        if world.broken == Broken::FaultsOff {
            return Some((403, "{}".into()));
        }
        let count = if path.starts_with("/simulate") {
            200
        } else {
            1
        };
        world.order(is_bad, count);
        let status = if path.contains("fail=true") { 500 } else { 201 };
        return Some((status, "{}".into()));
    }
    Some((404, "{}".into()))
}

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

fn rules(world: &World, query: &str) -> Value {
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
                "labels": alert.labels.iter().copied().collect::<std::collections::BTreeMap<_, _>>(),
                "health": if unhealthy { "err" } else { "ok" },
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
            Broken::AnotherFires => add(
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
    } else if query.contains("error_budget") {
        if world.is_hit() { -3.0 } else { 1.0 }
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

pub(crate) fn alertmanager(world: &mut World, path: &str) -> Answer {
    match path {
        "/api/v2/alerts" => ok(&held(world)),
        "/api/v2/silences" => {
            let name = match world.broken {
                Broken::SilenceThere => "High.*",
                Broken::OtherSilenceThere => "Low.*",
                _ => return ok(&json!([])),
            };
            ok(&json!([{
                "id": "5f1", "createdBy": "ann", "status": {"state": "active"},
                "matchers": [{"name": "alertname", "value": name, "isRegex": true, "isEqual": true}]
            }]))
        }
        "/api/v2/status" => ok(&json!({"config": {"original": format!(
            "route:\n  receiver: slack\n  group_wait: {GROUP_WAIT}s\n  group_interval: {GROUP_INTERVAL}s\n  routes:\n  \
             - receiver: pagerduty\n    matchers: [severity=\"critical\"]\n    continue: true\n"
        )}})),
        "/metrics" => Some((200, counters(world))),
        _ => Some((404, "{}".into())),
    }
}

fn held(world: &World) -> Value {
    let mut held = Vec::new();
    for alert in ALERTS.iter().filter(|alert| world.is_held(alert)) {
        let receivers: Vec<_> = match world.broken {
            Broken::WrongReceiver => vec![json!({"name": "slack"})],
            _ => alert
                .receivers
                .iter()
                .map(|name| json!({"name": name}))
                .collect(),
        };
        let inhibitor = match world.broken {
            Broken::InhibitedByAnother => Some("OrderServiceDown"),
            _ => world.inhibitor(alert),
        };
        let silences: Vec<_> = (world.broken == Broken::Silenced)
            .then_some("5f1")
            .into_iter()
            .collect();
        let is_held_back = inhibitor.is_some() || !silences.is_empty();
        held.push(json!({
            "labels": labels(alert), "fingerprint": format!("fingerprint of {}", alert.name), "receivers": receivers,
            "status": {
                "state": if is_held_back { "suppressed" } else { "active" },
                "silencedBy": silences,
                "inhibitedBy": inhibitor.map(|name| format!("fingerprint of {name}")).into_iter().collect::<Vec<_>>(),
            },
        }));
    }
    if world.broken == Broken::InhibitedByAnother {
        held.push(json!({
            "labels": {"alertname": "OrderServiceDown"}, "fingerprint": "fingerprint of OrderServiceDown",
            "receivers": [], "status": {"state": "active"},
        }));
    }
    if world.broken == Broken::AlertHeld {
        held.push(json!({
            "labels": labels(&ALERTS[0]), "fingerprint": "f", "receivers": [], "status": {"state": "active"},
        }));
    }
    json!(held)
}

/// Every receiver's counters, with what was there before.
fn counters(world: &World) -> String {
    let lines = ["pagerduty", "slack"].map(|receiver| {
        let (mut made, mut failed) = (7, 2);
        for alert in ALERTS
            .iter()
            .filter(|alert| alert.receivers.contains(&receiver))
        {
            let (first, end) = world.messages(alert);
            if world.broken != Broken::CountersStill {
                made += i32::from(first.is_some()) + i32::from(end.is_some());
            }
            if world.broken == Broken::DeliveryFails && world.life(alert).firing.is_some() {
                made += 3;
                failed += 3;
            }
        }
        format!(
            "alertmanager_notification_requests_total{{integration=\"{receiver}\"}} {made}\n\
             alertmanager_notification_requests_failed_total{{integration=\"{receiver}\"}} {failed}\n"
        )
    });
    lines.concat()
}

pub(crate) fn pager(world: &mut World, path: &str) -> Answer {
    if world.broken == Broken::PagerGone {
        return None;
    }
    match path.split('?').next().unwrap_or_default() {
        "/heartbeat" => {
            let state = match world.broken {
                Broken::HeartbeatSilent => "silent",
                Broken::HeartbeatWaiting => "waiting",
                _ => "beating",
            };
            ok(&json!({"state": state, "alarm_after_seconds": ALARM_AFTER, "beats": 9}))
        }
        "/outage" => ok(&json!({"slack": false, "pagerduty": world.broken == Broken::OutageOn})),
        "/notifications" => ok(&notifications(world)),
        _ => Some((404, "{}".into())),
    }
}

fn notifications(world: &World) -> Value {
    let mut items = Vec::new();
    let mut add = |(receiver, name, status): (&str, &str, &str), at: f64, own: Value| {
        items.push(json!({
            "id": items.len(), "received_at": moment(at), "receiver": receiver, "alertname": name, "status": status,
            "severity": "critical", "labels": own, "annotations": {}, "dedup_key": null
        }));
    };
    for alert in ALERTS
        .iter()
        .filter(|_| world.broken != Broken::RecordMissing)
    {
        let (first, end) = world.messages(alert);
        for receiver in alert.receivers {
            for (status, at) in [("firing", first), ("resolved", end)] {
                if let Some(at) = at {
                    add((receiver, alert.name, status), at, labels(alert));
                }
            }
        }
    }
    if let Some(blind) = world.blind.filter(|_| world.broken != Broken::NoAlarm) {
        let alarm = blind + ALARM_AFTER;
        if alarm <= now() && world.seeing.is_none_or(|seeing| alarm < seeing) {
            add(("dead-mans-switch", "Watchdog", "firing"), alarm, json!({}));
        }
        if let Some(seeing) = world.seeing {
            add(
                ("dead-mans-switch", "Watchdog", "resolved"),
                seeing + 0.05,
                json!({}),
            );
        }
    }
    json!(items)
}
