//! pager: what has arrived, and the heartbeat.

use serde_json::{Value, json};

use super::{Answer, labels, moment, ok};
use crate::drills::cast::{ALERTS, Broken};
use crate::drills::world::{ALARM_AFTER, World, now};

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
