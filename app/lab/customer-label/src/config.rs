//! The settings, from the environment.

use std::net::SocketAddr;

use service::config::{ConfigErrors, Reader, environment};
use tracing_subscriber::filter::Targets;

/// Everything that can be set.
#[derive(Debug)]
pub(crate) struct Config {
    /// `LAB_ADDRESS`: address and port to listen on. Loopback unless told otherwise.
    pub(crate) address: SocketAddr,
    /// `LOG_FILTER`: level or filter of the log.
    pub(crate) log_filter: Targets,
}

impl Config {
    /// Reads the settings from this process's environment.
    pub(crate) fn from_env() -> Result<Self, ConfigErrors> {
        let mut reader = Reader::new(environment);
        let config = Self {
            address: reader.parsed(
                "LAB_ADDRESS",
                SocketAddr::from(([127, 0, 0, 1], 8000)),
                "an address and a port, such as 127.0.0.1:8000",
            ),
            log_filter: reader.log_filter("customer_label"),
        };
        reader.finish(config)
    }
}
