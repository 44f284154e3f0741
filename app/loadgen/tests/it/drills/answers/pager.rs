//! pager: what has arrived, and the heartbeat.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Answer, labels, moment, ok};
use crate::drills::cast::{ALERTS, Broken, FakeAlert};
use crate::drills::world::{ALARM_AFTER, World, now};

pub(crate) fn pager(world: &mut World, path: &str) -> Answer {
    if world.broken == Broken::PagerGone {
        return None;
    }
    match path.split('?').next().unwrap_or_default() {
        "/heartbeat" => {
            world.asked += 1;
            let state = match world.broken {
                Broken::HeartbeatSilent => "silent",
                Broken::HeartbeatWaiting => "waiting",
                Broken::HeartbeatLate if world.asked < 4 => "waiting",
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
    if world.broken != Broken::RecordMissing {
        items.extend(slack(world));
        items.extend(pagerduty(world));
    }
    if let Some(blind) = world.blind.filter(|_| world.broken != Broken::NoAlarm) {
        let alarm = blind + ALARM_AFTER;
        let mut add = |status, at| items.push(item("dead-mans-switch", ("Watchdog", status), at));
        if alarm <= now() && world.seeing.is_none_or(|seeing| alarm < seeing) {
            add("firing", alarm);
        }
        if let Some(seeing) = world.seeing {
            add("resolved", seeing + 0.05);
        }
    }
    items.sort_by_key(|item| item["received_at"].as_str().map(ToString::to_string));
    json!(items)
}

fn item(receiver: &str, (name, status): (&str, &str), at: f64) -> Value {
    json!({
        "id": 0, "received_at": moment(at), "receiver": receiver, "alertname": name, "status": status,
        "severity": "critical", "labels": {}, "annotations": {}, "dedup_key": null
    })
}

/// A message for each alert and for its end.
fn slack(world: &World) -> Vec<Value> {
    messages(world, "slack", |alert| alert.name)
}

/// Alerts of one job are one group, unless each is to be one of its own.
fn pagerduty(world: &World) -> Vec<Value> {
    let is_split = matches!(world.broken, Broken::SecondIncident | Broken::OldPager);
    messages(world, "pagerduty", |alert| {
        if is_split {
            alert.name
        } else {
            "order-service"
        }
    })
}

/// A message whenever something changes in a group; it lists what fires in it, and what has just ended.
fn messages(
    world: &World,
    receiver: &str,
    group: impl Fn(&FakeAlert) -> &'static str,
) -> Vec<Value> {
    let alerts = ALERTS
        .iter()
        .filter(|alert| alert.receivers.contains(&receiver));
    let mut groups = BTreeMap::<_, Vec<_>>::new();
    for alert in alerts {
        groups
            .entry(group(alert))
            .or_default()
            .push((alert, world.messages(alert)));
    }
    let mut items = Vec::new();
    for (key, members) in groups {
        let mut moments: Vec<_> = members
            .iter()
            .flat_map(|(_, (first, end))| [*first, *end])
            .flatten()
            .collect();
        moments.sort_by(f64::total_cmp);
        moments.dedup();
        for at in moments {
            let listed: Vec<_> = members
                .iter()
                .filter(|(_, (first, end))| {
                    first.is_some_and(|first| first <= at) && end.is_none_or(|end| end >= at)
                })
                .map(|(alert, (_, end))| {
                    (
                        *alert,
                        if *end == Some(at) {
                            "resolved"
                        } else {
                            "firing"
                        },
                    )
                })
                .collect();
            let is_firing = listed.iter().any(|(_, status)| *status == "firing");
            let names: Vec<_> = listed.iter().map(|(alert, _)| alert.name).collect();
            let status = if is_firing { "firing" } else { "resolved" };
            let mut item = item(receiver, (&names.join(", "), status), at);
            if world.broken == Broken::OldPager {
                item["labels"] = labels(listed[0].0);
            } else {
                item["dedup_key"] = json!(key);
                item["alerts"] = listed
                    .iter()
                    .map(|(alert, status)| json!({"labels": labels(alert), "status": status, "annotations": {}}))
                    .collect();
                item["more"] = json!(0);
            }
            items.push(item);
        }
    }
    items
}
