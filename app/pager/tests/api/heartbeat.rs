//! The dead man's switch over HTTP; its deadlines are tested in paused time, beside it.

use serde_json::{Value, json};

use crate::support::{Service, wait_for};

fn beat(service: &Service) {
    let alert = json!({
        "status": "firing", "labels": {"alertname": "Watchdog", "severity": "none"},
        "annotations": {"runbook_url": "http://localhost:8025/runbooks/Watchdog"},
    });
    let answer = service
        .client
        .post("/webhook", &json!({"version": "4", "alerts": [alert]}));
    assert_eq!(answer.status, 200);
}

fn heartbeat(service: &Service) -> Value {
    service.client.get("/heartbeat").json()
}

#[test]
fn waits_then_beats() {
    let service = Service::start(&[]);
    assert_eq!(
        heartbeat(&service),
        json!({"state": "waiting", "last_beat_at": null, "age_seconds": null, "alarm_after_seconds": 60, "beats": 0})
    );
    beat(&service);
    let now = heartbeat(&service);
    assert_eq!(
        (&now["state"], &now["beats"]),
        (&json!("beating"), &json!(1))
    );
    assert!(
        now["age_seconds"].is_f64() && now["last_beat_at"].is_string(),
        "{now}"
    );
}

#[test]
fn silence_is_an_alarm_and_the_next_beat_resolves_it() {
    let service = Service::start(&[("PAGER_DEADMAN_SECONDS", "1")]);
    beat(&service);
    // On a slow machine there may have been an alarm before the first beat; the last one is meant.
    let alarm = wait_for("the alarm", || {
        let last = service.client.notifications().pop();
        last.filter(|last| last["status"] == "firing")
    });
    assert_eq!(alarm["receiver"], "dead-mans-switch");
    assert_eq!(alarm["alertname"], "Watchdog");
    assert_eq!(alarm["severity"], "critical");
    assert_eq!(
        alarm["annotations"]["runbook_url"],
        "http://localhost:8025/runbooks/Watchdog"
    );
    assert_eq!(heartbeat(&service)["state"], "silent");
    assert_eq!(service.client.sample("pager_heartbeat_silent"), "1");

    beat(&service);
    let all = service.client.notifications();
    let same = |n: &&Value| n["dedup_key"] == alarm["dedup_key"];
    let seen: Vec<_> = all.iter().filter(same).map(|n| &n["status"]).collect();
    assert_eq!(seen, ["firing", "resolved"]);
}
