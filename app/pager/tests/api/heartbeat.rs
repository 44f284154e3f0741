//! The dead man's switch over HTTP; its deadlines are tested in paused time, beside it.

use serde_json::{Value, json};
use service::testing::wait_for;

use crate::support::Pager;

const RUNBOOK: &str = "http://localhost:8025/runbooks/Watchdog";

fn beat(pager: &Pager) {
    let alert = json!({
        "status": "firing", "labels": {"alertname": "Watchdog", "severity": "none"}, "annotations": {"runbook_url": RUNBOOK},
    });
    let body = json!({"version": "4", "alerts": [alert]});
    assert_eq!(pager.post_json("/webhook", &body).status, 200);
}

fn heartbeat(pager: &Pager) -> Value {
    pager.get("/heartbeat").json()
}

#[test]
fn waits_then_beats() {
    let pager = Pager::start(&[]);
    assert_eq!(
        heartbeat(&pager),
        json!({"state": "waiting", "last_beat_at": null, "age_seconds": null, "alarm_after_seconds": 60, "beats": 0})
    );
    beat(&pager);
    let now = heartbeat(&pager);
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
    let pager = Pager::start(&[("PAGER_DEADMAN_SECONDS", "1")]);
    beat(&pager);
    // On a slow machine there may have been an alarm before the first beat; the last one is meant.
    let alarm = wait_for("the alarm", || {
        let last = pager.notifications().pop();
        last.filter(|last| last["status"] == "firing")
    });
    assert_eq!(alarm["receiver"], "dead-mans-switch");
    assert_eq!(alarm["alertname"], "Watchdog");
    assert_eq!(alarm["severity"], "critical");
    assert_eq!(alarm["annotations"]["runbook_url"], RUNBOOK);
    assert_eq!(heartbeat(&pager)["state"], "silent");
    assert_eq!(pager.sample("pager_heartbeat_silent"), "1");

    beat(&pager);
    let all = pager.notifications();
    let same = |n: &&Value| n["dedup_key"] == alarm["dedup_key"];
    let seen: Vec<_> = all.iter().filter(same).map(|n| &n["status"]).collect();
    assert_eq!(seen, ["firing", "resolved"]);
}
