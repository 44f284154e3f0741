//! What has reached people: pager's record, or webhooks that come to an address of the drill's own.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use serde::{Deserialize, Deserializer};

use crate::client::Client;
use crate::error::Result;
use crate::labels::{Labels, NAME, Selector};
use crate::moment::Moment;

/// The sender of pager's own alarm.
pub(crate) const DEAD_MANS_SWITCH: &str = "dead-mans-switch";
const LONGEST_WEBHOOK: u64 = 4 * 1024 * 1024;

/// A message as pager records it, or as Alertmanager's webhook says it (its documentation, `<webhook_config>`).
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Delivery {
    #[serde(rename = "received_at", default = "Moment::now")]
    pub(crate) at: Moment,
    /// The integration it came through, such as `slack`; empty if only the receiver is known.
    #[serde(rename = "receiver")]
    pub(crate) integration: String,
    /// Alertmanager's receiver; empty if only the integration is known.
    #[serde(skip)]
    pub(crate) receiver: String,
    /// The alert, or what the message says in the place of several.
    #[serde(rename = "alertname", default)]
    pub(crate) headline: String,
    #[serde(rename = "status", deserialize_with = "is_firing")]
    pub(crate) is_firing: bool,
    /// The labels that its alerts have in common.
    #[serde(default)]
    pub(crate) labels: Labels,
    /// The alerts that it lists; none where it doesn't say.
    pub(crate) alerts: Vec<ListedAlert>,
    #[serde(default, alias = "truncatedAlerts")]
    pub(crate) more: u64,
    #[serde(rename = "dedup_key", alias = "groupKey")]
    pub(crate) key: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct ListedAlert {
    #[serde(rename = "status", deserialize_with = "is_firing")]
    is_firing: bool,
    pub(crate) labels: Labels,
}

fn is_firing<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(String::deserialize(deserializer)? == "firing")
}

impl Delivery {
    /// What ties it to the others of its group; without, its headline.
    pub(crate) fn group(&self) -> &String {
        self.key.as_ref().unwrap_or(&self.headline)
    }

    /// Whether an alert fires by what it says; `None` if it says nothing of it. A label that it doesn't write
    /// contradicts nothing.
    pub(crate) fn says(&self, alert: &Selector) -> Option<bool> {
        if self.alerts.is_empty() {
            let is_it = self.headline == alert.name && alert.may_match(&self.labels);
            return is_it.then_some(self.is_firing);
        }
        let is_it = |labels: &Labels| labels.contains_key(NAME) && alert.may_match(labels);
        let mut mine: Vec<_> = self.alerts.iter().collect();
        mine.retain(|own| is_it(&own.labels));
        // An alert that is no longer listed is over.
        let is_said = !(mine.is_empty() && self.more > 0);
        is_said.then(|| mine.iter().any(|own| own.is_firing))
    }

    pub(crate) fn came_to(&self, receiver: &str, integrations: &[String]) -> bool {
        self.receiver == receiver || integrations.contains(&self.integration)
    }
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Heartbeat {
    /// `waiting` (none yet), `beating` or `silent`.
    pub(crate) state: String,
    pub(crate) alarm_after_seconds: f64,
}

pub(crate) struct Pager(pub(crate) Client);

impl Pager {
    /// What has arrived since then, oldest first.
    pub(crate) fn deliveries(&self, since: Moment) -> Result<Vec<Delivery>> {
        let path = format!("/notifications?since={:.3}", since.0);
        self.0.json(&path, "")
    }

    pub(crate) fn heartbeat(&self) -> Result<Heartbeat> {
        self.0.json("/heartbeat", "")
    }

    pub(crate) fn outages(&self) -> Result<Vec<String>> {
        let switches: BTreeMap<String, bool> = self.0.json("/outage", "")?;
        let on = switches.into_iter().filter(|(_, is_on)| *is_on);
        Ok(on.map(|(endpoint, _)| endpoint).collect())
    }
}

/// The webhooks that come to an address from now on, for as long as the program runs.
pub(crate) fn listen(address: &str) -> io::Result<Receiver<Delivery>> {
    let listener = TcpListener::bind(address)?;
    let (sender, received) = mpsc::channel();
    std::thread::spawn(move || {
        // Whoever sends something else than a webhook is told so, and nothing is recorded.
        let streams = listener.incoming().flatten();
        let mut found = streams.filter_map(|stream| receive(&stream).ok()?);
        found.all(|delivery| sender.send(delivery).is_ok())
    });
    Ok(received)
}

fn receive(mut stream: &TcpStream) -> io::Result<Option<Delivery>> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut request = BufReader::new(stream.take(LONGEST_WEBHOOK));
    let (mut line, mut length) = (String::new(), 0);
    while request.read_line(&mut line)? > 2 {
        let header = line.to_ascii_lowercase();
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or_default();
        }
        line.clear();
    }
    let mut body = Vec::new();
    request.take(length).read_to_end(&mut body)?;
    let mut message: Option<Delivery> = serde_json::from_slice(&body).ok();
    let status = message.as_ref().map_or("400 Bad Request", |_| "200 OK");
    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    stream.write_all(answer.as_bytes())?;
    if let Some(own) = &mut message {
        own.receiver = std::mem::take(&mut own.integration);
    }
    Ok(message)
}
