//! A running service and a client for it.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use pager::config::Config;
use pager::server::Server;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use ureq::Agent;
use ureq::http::{HeaderMap, Request};

/// How long a condition may take to come true; only a failing test waits this long.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// The key that the services of these tests accept.
pub(crate) const KEY: &str = "0123456789abcdefghijklmnopqrstuv";

/// A service in this process, on a port of its own. Stopped when dropped.
pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    pub(crate) client: Client,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Service {
    pub(crate) fn start(settings: &[(&str, &str)]) -> Self {
        let mut all = HashMap::from([
            ("PAGER_ADDRESS", "127.0.0.1:0"),
            ("PAGER_PAGERDUTY_ROUTING_KEY", KEY),
            ("PAGER_RUNBOOKS", "../../observability/runbooks"),
        ]);
        all.extend(settings.iter().copied());
        let config = Config::from_lookup(|name| all.get(name).map(|value| (*value).to_owned()))
            .expect("the settings are valid");
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let server = runtime
            .block_on(Server::build(config))
            .expect("port 0 is always free");
        let address = server.address();
        let (stop, stopped) = oneshot::channel();
        let thread = thread::spawn(move || {
            runtime
                .block_on(server.run(async {
                    // An error means that the test is over, which is a reason to stop as well.
                    let _ = stopped.await;
                }))
                .expect("the listener works");
        });
        Self {
            address,
            client: Client::new(address),
            stop: Some(stop),
            thread: Some(thread),
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.stop = None;
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(
            thread::panicking() || matches!(ended, Some(Ok(()))),
            "the service ended with a panic"
        );
    }
}

/// Speaks HTTP to one service.
#[derive(Clone)]
pub(crate) struct Client {
    base: String,
    agent: Agent,
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .allow_non_standard_methods(true)
            // A connection each: one that the service closes after an early answer would spoil the next request.
            .max_idle_connections(0)
            .timeout_global(Some(PATIENCE))
            .build();
        Self {
            base: format!("http://{address}"),
            agent: config.into(),
        }
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.send("GET", path, "application/json", "")
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Reply {
        self.send("POST", path, "application/json", &body.to_string())
    }

    pub(crate) fn send(&self, method: &str, path: &str, content_type: &str, body: &str) -> Reply {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header("content-type", content_type)
            .body(body.to_owned())
            .expect("a valid request");
        let mut answer = self.agent.run(request).expect("an answer");
        Reply {
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            body: answer.body_mut().read_to_string().expect("text"),
        }
    }

    /// What was received so far.
    pub(crate) fn notifications(&self) -> Vec<Value> {
        match self.get("/notifications").json() {
            Value::Array(all) => all,
            other => panic!("not a list: {other}"),
        }
    }

    /// Triggers an incident, as Alertmanager does it with our configuration.
    pub(crate) fn trigger(&self, alertname: &str, dedup_key: &str, description: &str) -> Reply {
        self.post(
            "/pagerduty/v2/enqueue",
            &event("trigger", alertname, dedup_key, description),
        )
    }

    /// Resolves it.
    pub(crate) fn resolve(&self, alertname: &str, dedup_key: &str) -> Reply {
        self.post(
            "/pagerduty/v2/enqueue",
            &event("resolve", alertname, dedup_key, "over"),
        )
    }

    /// One sample of `/metrics`, as it stands there.
    pub(crate) fn sample(&self, series: &str) -> String {
        let page = self.get("/metrics").body;
        let value = page
            .lines()
            .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        value
            .unwrap_or_else(|| panic!("no {series} in {page}"))
            .to_owned()
    }
}

fn event(action: &str, alertname: &str, dedup_key: &str, description: &str) -> Value {
    let alert = format!("  it is so\n  {description}\n");
    let (firing, resolved) = match action {
        "resolve" => (
            "none".to_owned(),
            format!("From 2026-01-01 00:00:00 to 00:01:00 UTC, 1m 0s\n{alert}"),
        ),
        _ => (
            format!("Since 2026-01-01 00:00:00 UTC\n{alert}"),
            "none".to_owned(),
        ),
    };
    json!({
        "routing_key": KEY, "event_action": action, "dedup_key": dedup_key,
        "payload": {
            "summary": format!("{alertname}: it is so"), "source": "order-service", "severity": "critical",
            "custom_details": {
                "labels": format!("* alertname = {alertname}\n* job = order-service\n* severity = critical\n"),
                "firing": firing,
                "resolved": resolved,
            },
        },
        "links": [{"text": "Runbook", "href": format!("http://localhost:8025/runbooks/{alertname}")}],
    })
}

/// An answer, read to its end.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.body))
    }
}

/// Waits until there is something.
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(started.elapsed() < PATIENCE, "not in time: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}
