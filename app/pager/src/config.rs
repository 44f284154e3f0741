//! The settings: which there are, their ranges and defaults. How they are read: [`service::config`].

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use service::config::{ConfigErrors, Reader, environment};
use tracing::info;
use tracing_subscriber::filter::Targets;

/// All settings.
#[derive(Debug, Clone)]
pub struct Config {
    /// `PAGER_ADDRESS`: address and port to listen on. Loopback unless told otherwise.
    pub address: SocketAddr,
    /// `PAGER_PAGERDUTY_ROUTING_KEY`: the only key that events are accepted with.
    pub routing_key: RoutingKey,
    /// `PAGER_DEADMAN_SECONDS`: the alarm is raised this long after the last heartbeat.
    pub alarm_after: Duration,
    /// [`LINKS`]: where browsers find the stack's services, by the variable's name in lower case. Unknown ones are empty.
    pub links: BTreeMap<String, String>,
    /// `PAGER_RUNBOOKS`: the folder with the runbooks.
    pub runbooks: PathBuf,
    /// `LOG_FILTER`: level or filter of the log.
    pub log_filter: Targets,
}

/// The variables with the addresses that dashboards link.
const LINKS: [&str; 4] = [
    "PROMETHEUS_URL",
    "ALERTMANAGER_URL",
    "GRAFANA_URL",
    "PAGER_URL",
];

/// What `PagerDuty` calls an integration key. Not shown by `Debug`: keys do not belong in logs.
#[derive(Clone, PartialEq, Eq)]
pub struct RoutingKey(String);

/// The one in `observability/alertmanager/secrets/examples`, for demonstrations only.
const DEMO_ROUTING_KEY: &str = "orderwatch0demo0routing0key00000";

impl RoutingKey {
    /// `PagerDuty`'s keys have 32 letters and digits.
    pub const LENGTH: usize = 32;

    fn parse(text: &str) -> Option<Self> {
        let valid = text.len() == Self::LENGTH && text.bytes().all(|b| b.is_ascii_alphanumeric());
        valid.then(|| Self(text.to_owned()))
    }

    /// Whether an event with this key is for us.
    pub fn admits(&self, key: &str) -> bool {
        self.0 == key
    }
}

impl fmt::Debug for RoutingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RoutingKey(…)")
    }
}

impl Config {
    /// Reads the settings from this process's environment.
    ///
    /// # Errors
    /// See [`Config::from_lookup`].
    pub fn from_env() -> Result<Self, ConfigErrors> {
        Self::from_lookup(environment)
    }

    /// Reads the settings through a look-up by name. One that is absent or empty has its default.
    ///
    /// # Errors
    /// Every setting that is wrong, all at once.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigErrors> {
        let mut reader = Reader::new(lookup);
        let config = Self {
            address: reader.parsed(
                "PAGER_ADDRESS",
                SocketAddr::from(([127, 0, 0, 1], 8025)),
                "an address and a port, such as 127.0.0.1:8025",
            ),
            routing_key: reader.read(
                "PAGER_PAGERDUTY_ROUTING_KEY",
                RoutingKey(DEMO_ROUTING_KEY.to_owned()),
                "32 letters and digits",
                RoutingKey::parse,
            ),
            alarm_after: Duration::from_secs(reader.whole("PAGER_DEADMAN_SECONDS", 60, 1..=3_600)),
            links: LINKS
                .map(|name| {
                    let address = reader.parsed(name, String::new(), "an address");
                    (name.to_lowercase(), address)
                })
                .into(),
            // From the folder `app`, where `cargo run -p pager` is typed.
            runbooks: reader.parsed(
                "PAGER_RUNBOOKS",
                PathBuf::from("../observability/runbooks"),
                "a folder",
            ),
            log_filter: reader.log_filter("pager"),
        };
        reader.finish(config)
    }

    /// Logs every setting but the key, once, in one line.
    pub fn log(&self) {
        info!(
            address = %self.address,
            alarm_after_seconds = self.alarm_after.as_secs(),
            runbooks = %self.runbooks.display(),
            log_filter = %self.log_filter,
            "settings"
        );
    }
}

#[cfg(test)]
mod tests {
    use service::testing::environment_of;

    use super::*;

    fn config(settings: &[(&str, &str)]) -> Result<Config, ConfigErrors> {
        Config::from_lookup(environment_of(settings))
    }

    #[test]
    fn names_every_wrong_setting_with_its_value_and_what_was_expected() {
        let errors = config(&[
            ("PAGER_ADDRESS", "8025"),
            ("PAGER_PAGERDUTY_ROUTING_KEY", "short"),
            ("PAGER_DEADMAN_SECONDS", "0"),
        ])
        .expect_err("all three are wrong");
        assert_eq!(
            errors.to_string(),
            "3 settings are wrong:\
             \n  PAGER_ADDRESS=8025: expected an address and a port, such as 127.0.0.1:8025\
             \n  PAGER_PAGERDUTY_ROUTING_KEY=short: expected 32 letters and digits\
             \n  PAGER_DEADMAN_SECONDS=0: expected a whole number from 1 to 3600"
        );
    }

    #[test]
    fn every_setting_is_read() {
        let key = "0123456789abcdefghijklmnopqrstuv";
        let config = config(&[
            ("PAGER_ADDRESS", "0.0.0.0:9000"),
            ("PAGER_PAGERDUTY_ROUTING_KEY", key),
            ("PAGER_URL", "http://[::1]:8025"),
            ("PAGER_DEADMAN_SECONDS", "7"),
            ("PAGER_RUNBOOKS", "/runbooks"),
            ("LOG_FILTER", "warn"),
        ])
        .expect("all are right");
        assert_eq!(config.address.port(), 9000);
        assert!(config.routing_key.admits(key) && !config.routing_key.admits(DEMO_ROUTING_KEY));
        assert_eq!(config.alarm_after, Duration::from_secs(7));
        assert_eq!(config.runbooks, PathBuf::from("/runbooks"));
        assert_eq!(config.links["pager_url"], "http://[::1]:8025");
        assert_eq!(config.links["grafana_url"], "");
        assert!(!format!("{config:?}").contains(key), "the key is not shown");
    }
}
