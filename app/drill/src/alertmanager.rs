//! Alertmanager: the alerts it has, what holds them back, silences, receivers and their timings, how many requests it made.

use std::collections::BTreeMap;
use std::time::Duration;

use regex_lite::Regex;
use serde::Deserialize;
use serde_json::Value;

use crate::client::Client;
use crate::error::Result;
use crate::labels::{Labels, Matcher, NAME};
use crate::moment::Span;

pub(crate) struct Alertmanager(pub(crate) Client);

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct HeldAlert {
    pub(crate) fingerprint: String,
    pub(crate) labels: Labels,
    pub(crate) receivers: Vec<Named>,
    pub(crate) status: Status,
}

impl HeldAlert {
    pub(crate) fn is_for(&self, receiver: &str) -> bool {
        self.receivers.iter().any(|own| own.name == receiver)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Named {
    pub(crate) name: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Status {
    /// Of an alert `unprocessed`, `active` or `suppressed`; of a silence `active` while it is in force.
    pub(crate) state: String,
    pub(crate) silenced_by: Vec<String>,
    /// Fingerprints.
    pub(crate) inhibited_by: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Group {
    pub(crate) labels: Labels,
    pub(crate) receiver: Named,
    pub(crate) alerts: Vec<HeldAlert>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Silence {
    pub(crate) id: String,
    pub(crate) created_by: String,
    pub(crate) status: Status,
    pub(crate) matchers: Vec<Matcher>,
}

/// Its receivers, each with its integrations, such as `slack`; and the routes to them.
pub(crate) struct Routing {
    pub(crate) receivers: BTreeMap<String, Vec<String>>,
    pub(crate) routes: Vec<Route>,
}

#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) receiver: String,
    pub(crate) group_wait: Duration,
    pub(crate) group_interval: Duration,
    /// The labels that make its groups; none makes one of all, `...` one of each.
    pub(crate) group_by: Vec<String>,
}

impl Route {
    /// Whether different alerts may be told of in one message.
    pub(crate) fn groups_alerts(&self) -> bool {
        let keeps_apart = |label: &String| label == NAME || label == "...";
        !self.group_by.iter().any(keeps_apart)
    }

    pub(crate) fn groups(&self, one: &Labels, other: &Labels) -> bool {
        let is_same = |label: &String| label != "..." && one.get(label) == other.get(label);
        self.group_by.iter().all(is_same)
    }
}

impl Routing {
    pub(crate) fn to(&self, receiver: &str) -> impl Iterator<Item = &Route> {
        let all = self.routes.iter();
        all.filter(move |route| route.receiver == receiver)
    }

    pub(crate) fn integrations(&self, receiver: &str) -> &[String] {
        self.receivers.get(receiver).map_or(&[], Vec::as_slice)
    }

    fn add(&mut self, wire: WireRoute, mut own: Route) {
        own.receiver = wire.receiver.unwrap_or(own.receiver);
        let (wait, interval) = (wire.group_wait, wire.group_interval);
        own.group_wait = wait.map_or(own.group_wait, |span| span.0);
        own.group_interval = interval.map_or(own.group_interval, |span| span.0);
        own.group_by = wire.group_by.unwrap_or(own.group_by);
        for child in wire.routes {
            self.add(child, own.clone());
        }
        self.routes.push(own);
    }

    pub(crate) fn parse(text: &str) -> Result<Self, serde_saphyr::Error> {
        let config: WireConfig = serde_saphyr::from_str(text)?;
        let receivers = config.receivers.iter().map(|own| {
            let keys = own.keys().filter_map(|key| key.strip_suffix("_configs"));
            let name = own.get("name").and_then(Value::as_str);
            (
                name.unwrap_or_default().into(),
                keys.map(Into::into).collect(),
            )
        });
        let (receivers, routes) = (receivers.collect(), Vec::new());
        let mut routing = Self { receivers, routes };
        // What Alertmanager takes where the root route gives none (its documentation, under `route`).
        let defaults = Route {
            receiver: String::new(),
            group_wait: Duration::from_secs(30),
            group_interval: Duration::from_mins(5),
            group_by: Vec::new(),
        };
        routing.add(config.route, defaults);
        Ok(routing)
    }
}

/// Requests to a receiver's server, since Alertmanager started.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Requests {
    pub(crate) made: f64,
    pub(crate) failed: f64,
}

impl Requests {
    pub(crate) fn plus(self, other: Self) -> Self {
        let (made, failed) = (self.made + other.made, self.failed + other.failed);
        Self { made, failed }
    }

    /// What was added; counters below what they were have been reset by a restart.
    pub(crate) fn since(self, before: Self) -> Self {
        let (made, failed) = (self.made - before.made, self.failed - before.failed);
        let added = Self { made, failed };
        if made < 0.0 { self } else { added }
    }
}

/// Requests by integration and, where Alertmanager says it, receiver; that is empty otherwise.
pub(crate) type Counters = BTreeMap<(String, String), Requests>;

impl Alertmanager {
    pub(crate) fn alerts(&self) -> Result<Vec<HeldAlert>> {
        self.0.json("/api/v2/alerts", "")
    }

    pub(crate) fn groups(&self) -> Result<Vec<Group>> {
        self.0.json("/api/v2/alerts/groups", "")
    }

    pub(crate) fn silences(&self) -> Result<Vec<Silence>> {
        let mut all: Vec<Silence> = self.0.json("/api/v2/silences", "")?;
        all.retain(|silence| silence.status.state == "active");
        Ok(all)
    }

    pub(crate) fn routing(&self) -> Result<Routing> {
        let path = "/api/v2/status";
        let text: String = self.0.json(path, "/config/original")?;
        let bad = |error| format!("unexpected configuration: {error}");
        Routing::parse(&text).map_err(|error| self.0.unusable(path, &bad(error)))
    }

    pub(crate) fn counters(&self) -> Result<Counters> {
        Ok(counters(&self.0.text("/metrics")?))
    }
}

fn counters(text: &str) -> Counters {
    let line = r#"(?m)^alertmanager_notification_requests_(failed_)?total\{integration="([^"]*)"(?:,receiver_name="([^"]*)")?\} (\S+)"#;
    let mut counters = Counters::new();
    for found in Regex::new(line).expect("a pattern").captures_iter(text) {
        let text = |group| found.get(group).map_or("", |own| own.as_str());
        let key = (text(2).into(), text(3).into());
        let own = counters.entry(key).or_default();
        let value: f64 = text(4).parse().unwrap_or_default();
        match text(1) {
            "" => own.made += value,
            _ => own.failed += value,
        }
    }
    counters
}

#[derive(Deserialize)]
struct WireConfig {
    route: WireRoute,
    receivers: Vec<BTreeMap<String, Value>>,
}

/// What it doesn't say, its parent says.
#[derive(Deserialize)]
struct WireRoute {
    receiver: Option<String>,
    group_by: Option<Vec<String>>,
    group_wait: Option<Span>,
    group_interval: Option<Span>,
    #[serde(default)]
    routes: Vec<WireRoute>,
}

#[cfg(test)]
#[path = "../tests/unit/alertmanager.rs"]
mod tests;
