//! How these tests start pager, and what they send to it.

use std::ops::Deref;
use std::process::Command;

use serde_json::{Value, json};
use service::testing::{Reply, Service};

/// The key that is accepted unless told otherwise.
pub(crate) const KEY: &str = "orderwatch0demo0routing0key00000";

pub(crate) fn program() -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_pager"));
    program
        .env_clear()
        .env("PAGER_ADDRESS", "127.0.0.1:0")
        .env("PAGER_RUNBOOKS", "../../observability/runbooks");
    program
}

/// pager, running.
pub(crate) struct Pager(pub(crate) Service);

impl Deref for Pager {
    type Target = Service;

    fn deref(&self) -> &Service {
        &self.0
    }
}

impl Pager {
    pub(crate) fn start(settings: &[(&str, &str)]) -> Self {
        Self(Service::start(program().envs(settings.iter().copied())))
    }

    /// What was received so far.
    pub(crate) fn notifications(&self) -> Vec<Value> {
        match self.get("/notifications").json() {
            Value::Array(all) => all,
            other => panic!("not a list: {other}"),
        }
    }

    /// What this message becomes, which must be a single notification.
    pub(crate) fn notified(&self, path: &str, message: &Value) -> Value {
        let before = self.notifications().len();
        let answer = self.post_json(path, message);
        assert!(answer.status < 300, "{}", answer.body);
        let mut all = self.notifications();
        assert_eq!(all.len(), before + 1, "{message}");
        all.remove(before)
    }

    pub(crate) fn enqueue(&self, event: &Value) -> Reply {
        self.post_json("/pagerduty/v2/enqueue", event)
    }

    /// Triggers an incident, as Alertmanager does it with our configuration.
    pub(crate) fn trigger(&self, alertname: &str, dedup_key: &str, description: &str) -> Reply {
        let firing = format!("Since 2026-01-01 00:00:00 UTC\n  it is so\n  {description}\n");
        self.enqueue(&event("trigger", alertname, dedup_key, &firing, "none"))
    }

    /// Resolves it.
    pub(crate) fn resolve(&self, alertname: &str, dedup_key: &str) -> Reply {
        let resolved = "From 2026-01-01 00:00:00 to 00:01:00 UTC, 1m 0s\n  it is so\n  over\n";
        self.enqueue(&event("resolve", alertname, dedup_key, "none", resolved))
    }

    /// How many requests this receiver has refused for this reason.
    pub(crate) fn refused(&self, receiver: &str, reason: &str) -> String {
        let labels = format!(r#"reason="{reason}",receiver="{receiver}""#);
        self.sample(&format!("pager_refused_total{{{labels}}}"))
    }
}

/// An event as our configuration makes it.
pub(crate) fn event(
    action: &str,
    alertname: &str,
    dedup_key: &str,
    firing: &str,
    resolved: &str,
) -> Value {
    json!({
        "routing_key": KEY, "event_action": action, "dedup_key": dedup_key,
        "payload": {
            "summary": format!("{alertname}: it is so"), "source": "order-service", "severity": "critical", "class": alertname,
            "custom_details": {
                "labels": format!("* alertname = {alertname}\n* job = order-service\n* severity = critical\n"),
                "firing": firing,
                "resolved": resolved,
                "num_firing": 1,
            },
        },
        "links": [
            {"text": "Runbook", "href": format!("http://localhost:8025/runbooks/{alertname}")},
            {"text": "Prometheus", "href": "http://localhost:9090"},
        ],
    })
}
