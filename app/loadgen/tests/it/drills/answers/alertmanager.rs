//! Alertmanager: alerts, silences, its configuration and its counters.

use serde_json::{Value, json};

use super::{Answer, labels, ok};
use crate::drills::cast::{ALERTS, Broken};
use crate::drills::world::{GROUP_INTERVAL, GROUP_WAIT, World};

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
            "route:\n  receiver: slack\n  group_by: [alertname, job, severity]\n  group_wait: {GROUP_WAIT}s\n  \
             group_interval: {GROUP_INTERVAL}s\n  routes:\n  - receiver: pagerduty\n    matchers: [severity=\"critical\"]\n    \
             group_by: [job]\n    continue: true\n"
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
            _ => None,
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
    if world.broken == Broken::HeldBackFires && world.is_held(&ALERTS[0]) {
        held.push(json!({
            "labels": {"alertname": "ConfigReloadFailed", "severity": "warning"}, "fingerprint": "of another", "receivers": [],
            "status": {"state": "suppressed", "inhibitedBy": ["fingerprint of HighErrorRate"]},
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
