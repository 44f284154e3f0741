//! The settings: read from the environment, checked as a whole, before anything is bound.
//!
//! All variables, their ranges and their defaults are in this file; a test compares them with `.env` and the compose file.

use std::net::SocketAddr;
use std::time::Duration;

use service::config::{ConfigErrors, Reader, environment};
use tracing::{info, warn};
use tracing_subscriber::filter::Targets;

use crate::http::{HttpSettings, Links};
use crate::metrics::ResourceAttributes;

/// The longest drain. With the time that connections then have to end (see [`crate::server`]) it stays below the container's
/// stop grace of 30 s.
const MAX_DRAIN_SECONDS: u64 = 25;

/// All settings.
#[derive(Debug, Clone)]
pub struct Config {
    /// `ORDER_ADDRESS`: address and port to listen on. Loopback unless told otherwise.
    pub address: SocketAddr,
    /// `ORDER_WORKERS`: orders processed at the same time.
    pub(crate) workers: usize,
    /// `ORDER_QUEUE_CAPACITY`: orders that may wait.
    pub(crate) queue_capacity: usize,
    /// `ORDER_SERVICE_TIME_MEDIAN_MS`: median service time; 0 means none.
    pub(crate) service_time_median: Duration,
    /// `ORDER_SERVICE_TIME_SIGMA`: sigma of the log-normal service time.
    pub(crate) service_time_sigma: f64,
    /// `ORDER_REQUEST_TIMEOUT_SECONDS` and `ORDER_FAULTS`.
    pub(crate) http: HttpSettings,
    /// `ORDER_LINKS`: what the first page links, as `NAME=ADDRESS,…`.
    pub links: Links,
    /// `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_SERVICE_NAME`.
    pub(crate) resource: ResourceAttributes,
    /// `ORDER_DRAIN_SECONDS`: how long accepted orders may take to finish once the service is asked to stop.
    pub(crate) drain_deadline: Duration,
    /// `LOG_FILTER`: level or filter of the log.
    pub log_filter: Targets,
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
                "ORDER_ADDRESS",
                SocketAddr::from(([127, 0, 0, 1], 8000)),
                "an address and a port, such as 127.0.0.1:8000",
            ),
            workers: reader.whole("ORDER_WORKERS", 32, 1..=1_000),
            queue_capacity: reader.whole("ORDER_QUEUE_CAPACITY", 1_000, 1..=1_000_000),
            service_time_median: Duration::from_secs_f64(
                reader.number("ORDER_SERVICE_TIME_MEDIAN_MS", 80.0, 60_000.0) / 1_000.0,
            ),
            service_time_sigma: reader.number("ORDER_SERVICE_TIME_SIGMA", 0.5, 2.0),
            http: HttpSettings {
                request_timeout: Duration::from_secs(reader.whole(
                    "ORDER_REQUEST_TIMEOUT_SECONDS",
                    120,
                    1..=3_600,
                )),
                faults: reader.switch("ORDER_FAULTS", true),
            },
            links: reader.read("ORDER_LINKS", Links::default(), "", |text| {
                Some(Links::read(text))
            }),
            resource: resource(&mut reader),
            drain_deadline: Duration::from_secs(reader.whole(
                "ORDER_DRAIN_SECONDS",
                20,
                0..=MAX_DRAIN_SECONDS,
            )),
            log_filter: reader.log_filter("order_service"),
        };
        reader.finish(config)
    }

    /// Logs every setting, once, in one line, and what of the links could not be read.
    pub fn log(&self) {
        info!(
            address = %self.address,
            workers = self.workers,
            queue_capacity = self.queue_capacity,
            service_time_median_seconds = self.service_time_median.as_secs_f64(),
            service_time_sigma = self.service_time_sigma,
            request_timeout_seconds = self.http.request_timeout.as_secs(),
            faults = self.http.faults,
            resource = %self.resource,
            drain_deadline_seconds = self.drain_deadline.as_secs(),
            log_filter = %self.log_filter,
            "settings"
        );
        for link in &self.links.unreadable {
            warn!(
                link,
                "ORDER_LINKS: left out, since it is not NAME=http://ADDRESS"
            );
        }
    }
}

fn resource(reader: &mut Reader<impl Fn(&str) -> Option<String>>) -> ResourceAttributes {
    let list = reader.parsed(
        "OTEL_RESOURCE_ATTRIBUTES",
        ResourceAttributes::default(),
        ResourceAttributes::EXPECTED,
    );
    let name = reader.read("OTEL_SERVICE_NAME", None, "", |name| {
        Some(Some(name.to_owned()))
    });
    list.with_service_name(name)
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
            ("ORDER_WORKERS", "0"),
            ("ORDER_QUEUE_CAPACITY", "x"),
            ("ORDER_ADDRESS", "localhost"),
            ("ORDER_SERVICE_TIME_SIGMA", "NaN"),
            ("ORDER_FAULTS", "yes"),
            ("OTEL_RESOURCE_ATTRIBUTES", "=v"),
            ("LOG_FILTER", "info,inof"),
        ])
        .expect_err("all seven are wrong");
        assert_eq!(
            errors.to_string(),
            "7 settings are wrong:\
             \n  ORDER_ADDRESS=localhost: expected an address and a port, such as 127.0.0.1:8000\
             \n  ORDER_WORKERS=0: expected a whole number from 1 to 1000\
             \n  ORDER_QUEUE_CAPACITY=x: expected a whole number from 1 to 1000000\
             \n  ORDER_SERVICE_TIME_SIGMA=NaN: expected a number from 0 to 2\
             \n  ORDER_FAULTS=yes: expected on or off\
             \n  OTEL_RESOURCE_ATTRIBUTES==v: expected NAME=VALUE,NAME=VALUE with percent-encoding, such as \
             deployment.environment.name=test,team=a%2Cb\
             \n  LOG_FILTER=info,inof: expected a level or a filter, such as debug or info,order_service=debug"
        );
    }

    #[test]
    fn every_setting_is_read() {
        let default = format!("{:?}", config(&[]));
        for (name, value) in [
            ("ORDER_ADDRESS", "0.0.0.0:9000"),
            ("ORDER_WORKERS", "4"),
            ("ORDER_QUEUE_CAPACITY", "10"),
            ("ORDER_SERVICE_TIME_MEDIAN_MS", "2.5"),
            ("ORDER_SERVICE_TIME_SIGMA", "0"),
            ("ORDER_REQUEST_TIMEOUT_SECONDS", "7"),
            ("ORDER_DRAIN_SECONDS", "1"),
            ("ORDER_LINKS", "pager=http://pager.example"),
            ("ORDER_FAULTS", "off"),
            ("OTEL_RESOURCE_ATTRIBUTES", "team=a"),
            ("OTEL_SERVICE_NAME", "b"),
            ("LOG_FILTER", "warn"),
        ] {
            let config = config(&[(name, value)]);
            assert!(config.is_ok(), "{name}={value}");
            assert_ne!(format!("{config:?}"), default, "{name}");
        }
    }
}
