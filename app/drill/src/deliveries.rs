//! What has reached people: pager's record, or webhooks that come to an address of the drill's own.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use serde::Deserialize;

use crate::client::Client;
use crate::error::Result;
use crate::labels::{Labels, NAME, Selector};
use crate::moment::Moment;

/// The sender of pager's own alarm.
pub(crate) const DEAD_MANS_SWITCH: &str = "dead-mans-switch";
const LONGEST_WEBHOOK: u64 = 4 * 1024 * 1024;

#[derive(Clone, Debug, Default)]
pub(crate) struct Delivery {
    pub(crate) at: Moment,
    /// The integration it came through, such as `slack`; empty if only the receiver is known.
    pub(crate) integration: String,
    /// Alertmanager's receiver; empty if only the integration is known.
    pub(crate) receiver: String,
    /// The alert, or what the message says in the place of several.
    pub(crate) headline: String,
    pub(crate) is_firing: bool,
    /// The labels that its alerts have in common.
    pub(crate) labels: Labels,
    /// The alerts that it lists; none where it doesn't say.
    pub(crate) alerts: Vec<ListedAlert>,
    pub(crate) is_cut: bool,
    /// What ties the messages of a group together.
    pub(crate) key: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct ListedAlert {
    status: String,
    pub(crate) labels: Labels,
}

impl Delivery {
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
        let is_said = !(mine.is_empty() && self.is_cut);
        is_said.then(|| mine.iter().any(|own| own.status == "firing"))
    }

    pub(crate) fn came_to(&self, receiver: &str, integrations: &[String]) -> bool {
        self.receiver == receiver || integrations.contains(&self.integration)
    }

    /// The receiver, or else the integration it came through.
    pub(crate) fn way(&self) -> String {
        format!("{}{}", self.receiver, self.integration)
    }
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Heartbeat {
    /// `waiting` (none yet), `beating` or `silent`.
    pub(crate) state: String,
    pub(crate) alarm_after_seconds: f64,
}

#[derive(Debug)]
pub(crate) struct Pager(pub(crate) Client);

/// A message as pager records it, or as Alertmanager's webhook says it (its documentation, `<webhook_config>`).
#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    received_at: String,
    /// At pager, the integration.
    receiver: String,
    status: String,
    #[serde(default)]
    alertname: String,
    #[serde(default)]
    labels: Labels,
    alerts: Vec<ListedAlert>,
    #[serde(default, alias = "truncatedAlerts")]
    more: u64,
    #[serde(alias = "groupKey")]
    dedup_key: Option<String>,
}

impl From<Message> for Delivery {
    fn from(own: Message) -> Self {
        Self {
            at: Moment::parse(&own.received_at).unwrap_or_else(Moment::now),
            integration: own.receiver,
            receiver: String::new(),
            is_firing: own.status == "firing",
            labels: own.labels,
            alerts: own.alerts,
            is_cut: own.more > 0,
            key: own.dedup_key.unwrap_or_else(|| own.alertname.clone()),
            headline: own.alertname,
        }
    }
}

impl Pager {
    /// What has arrived since then, oldest first.
    pub(crate) fn deliveries(&self, since: Moment) -> Result<Vec<Delivery>> {
        let path = format!("/notifications?since={:.3}", since.0);
        let messages: Vec<Message> = self.0.json(&path, "")?;
        Ok(messages.into_iter().map(Delivery::from).collect())
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

#[derive(Debug)]
pub(crate) struct Sink(pub(crate) Receiver<Delivery>);

impl Sink {
    /// Listens from now on, for as long as the program runs.
    pub(crate) fn listen(address: &str) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let (sender, received) = mpsc::channel();
        std::thread::spawn(move || {
            // Whoever sends something else than a webhook is told so, and nothing is recorded.
            let streams = listener.incoming().flatten();
            let mut found = streams.filter_map(|stream| receive(&stream).ok()?);
            found.all(|delivery| sender.send(delivery).is_ok())
        });
        Ok(Self(received))
    }
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
    let message: Option<Message> = serde_json::from_slice(&body).ok();
    let status = message.as_ref().map_or("400 Bad Request", |_| "200 OK");
    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    stream.write_all(answer.as_bytes())?;
    Ok(message.map(|own| {
        let mut own = Delivery::from(own);
        own.receiver = std::mem::take(&mut own.integration);
        own
    }))
}
