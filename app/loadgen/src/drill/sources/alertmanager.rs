//! Alertmanager: what it holds, what it was told to hold back, and what it has sent.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Source, Unusable};
use crate::drill::matchers::{Labels, Matcher};

/// Asks Alertmanager.
#[derive(Clone, Debug)]
pub struct Alertmanager(pub Source);

/// An alert that it holds.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct HeldAlert {
    /// Its labels.
    pub labels: Labels,
    /// What identifies it.
    #[serde(default)]
    pub fingerprint: String,
    /// Where the routing sends it.
    pub receivers: Vec<Receiver>,
    /// Whether it is sent.
    pub status: Status,
}

/// A receiver.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Receiver {
    /// Its name.
    pub name: String,
}

/// Whether an alert is sent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// `unprocessed`, `active` or `suppressed`.
    pub state: String,
    /// The silences that hold it back.
    #[serde(default, rename = "silencedBy")]
    pub silences: Vec<String>,
    /// Fingerprints of the alerts that hold it back.
    #[serde(default, rename = "inhibitedBy")]
    pub inhibitors: Vec<String>,
}

/// A silence.
#[derive(Clone, Debug)]
pub struct Silence {
    /// Its identifier.
    pub id: String,
    /// Who made it.
    pub created_by: String,
    /// Its conditions; `None` for one whose pattern is not understood here.
    matchers: Vec<Option<Matcher>>,
}

impl Silence {
    /// Whether it could hold back an alert of which only these labels are known.
    pub fn may_match(&self, known: &Labels) -> bool {
        let may_match = |matcher: &Option<Matcher>| {
            matcher
                .as_ref()
                .is_none_or(|matcher| matcher.may_match(known))
        };
        self.matchers.iter().all(may_match)
    }
}

/// Requests that it made through one kind of integration since it was started.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Requests {
    /// All of them, repetitions included.
    pub made: f64,
    /// Those that failed.
    pub failed: f64,
}

#[derive(Deserialize)]
struct ServerStatus {
    config: Config,
}

#[derive(Deserialize)]
struct Config {
    original: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KnownSilence {
    id: String,
    #[serde(default)]
    created_by: String,
    status: SilenceStatus,
    matchers: Vec<KnownMatcher>,
}

#[derive(Deserialize)]
struct SilenceStatus {
    state: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KnownMatcher {
    name: String,
    value: String,
    is_regex: bool,
    #[serde(default = "yes")]
    is_equal: bool,
}

/// Releases before `isEqual` knew no other.
fn yes() -> bool {
    true
}

impl Alertmanager {
    /// Every alert that it holds, sent or held back.
    ///
    /// # Errors
    /// No usable answer.
    pub async fn alerts(&self) -> Result<Vec<HeldAlert>, Unusable> {
        self.0.json("/api/v2/alerts").await
    }

    /// Silences that hold now or will.
    ///
    /// # Errors
    /// No usable answer.
    pub async fn silences(&self) -> Result<Vec<Silence>, Unusable> {
        let known: Vec<KnownSilence> = self.0.json("/api/v2/silences").await?;
        let living = known
            .into_iter()
            .filter(|silence| silence.status.state != "expired")
            .map(|silence| Silence {
                id: silence.id,
                created_by: silence.created_by,
                matchers: silence
                    .matchers
                    .iter()
                    .map(|m| Matcher::new(&m.name, &m.value, m.is_regex, m.is_equal))
                    .collect(),
            });
        Ok(living.collect())
    }

    /// Its configuration, as YAML.
    ///
    /// # Errors
    /// No usable answer.
    pub async fn configuration(&self) -> Result<String, Unusable> {
        let status: ServerStatus = self.0.json("/api/v2/status").await?;
        Ok(status.config.original)
    }

    /// Its requests by integration. `alertmanager_notifications_total` would count attempts before they are made.
    ///
    /// # Errors
    /// No usable answer.
    pub async fn requests(&self) -> Result<BTreeMap<String, Requests>, Unusable> {
        let answer = self.0.get("/metrics").await?;
        Ok(read_requests(&String::from_utf8_lossy(&answer.body)))
    }
}

fn read_requests(text: &str) -> BTreeMap<String, Requests> {
    let mut requests = BTreeMap::<String, Requests>::new();
    for line in text.lines() {
        let Some(rest) = line.strip_prefix("alertmanager_notification_requests_") else {
            continue;
        };
        let Some((labels, value)) = rest
            .split_once('{')
            .and_then(|(_, rest)| rest.rsplit_once('}'))
        else {
            continue;
        };
        let integration = labels
            .split(',')
            .find_map(|label| label.strip_prefix("integration=\""))
            .and_then(|value| value.strip_suffix('"'));
        let (Some(integration), Ok(value)) = (integration, value.trim().parse::<f64>()) else {
            continue;
        };
        let entry = requests.entry(integration.into()).or_default();
        if rest.starts_with("total{") {
            entry.made += value;
        } else if rest.starts_with("failed_total{") {
            entry.failed += value;
        }
    }
    requests
}

#[cfg(test)]
mod tests {
    use super::{Requests, read_requests};

    #[test]
    fn reads_requests_and_adds_receivers_of_one_integration() {
        let text = "\
# TYPE alertmanager_notification_requests_total counter
alertmanager_notification_requests_total{integration=\"slack\",receiver_name=\"a\"} 2
alertmanager_notification_requests_total{integration=\"slack\",receiver_name=\"b\"} 3
alertmanager_notification_requests_failed_total{integration=\"slack\"} 1
alertmanager_notifications_total{integration=\"slack\"} 99
";
        let requests = read_requests(text);
        let wanted = Requests {
            made: 5.0,
            failed: 1.0,
        };
        assert_eq!(requests.get("slack"), Some(&wanted));
        assert_eq!(requests.len(), 1);
    }
}
