//! A target that shows what an unbounded label does. It counts orders with the SDK and the exporter that order-service uses,
//! and carries `customer_id` only when it is asked to.
//!
//! - [`instruments`]: a counter and a histogram, with the label or without
//! - [`http`]: orders in, metrics out
//!
//! It stands apart from order-service, so that a scrape which fails under its weight takes nothing else down.

mod http;
mod instruments;

use std::error::Error;
use std::net::SocketAddr;
use std::process::ExitCode;

use service::config::{ConfigErrors, Reader, environment};
use service::program::Program;
use service::server::Limits;
use service::{logging, server, signals};
use tracing_subscriber::filter::Targets;

use crate::instruments::Telemetry;

const USAGE: &str = "\
A target whose metrics can carry customer_id as a label.

Usage: customer-label               serve until SIGTERM or Ctrl-C, then exit 0
       customer-label healthcheck   exit 0 if the target on LAB_ADDRESS is healthy, else 1
       customer-label --help | --version

Settings, from the environment:
  LAB_ADDRESS   where to listen       [127.0.0.1:8000]
  LOG_FILTER    log level or filter   [info]

Exit codes: 0 stopped as asked, 1 could not run, 64 wrong settings or arguments.
";

struct Config {
    address: SocketAddr,
    log_filter: Targets,
}

impl Config {
    fn from_env() -> Result<Self, ConfigErrors> {
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

fn main() -> ExitCode {
    let program = Program {
        name: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        usage: USAGE,
        limits: Limits::DEFAULT,
    };
    program.run(Config::from_env, |config| config.address, serve)
}

#[tokio::main]
async fn serve(config: Config) -> Result<(), Box<dyn Error>> {
    logging::start(config.log_filter);
    let shutdown = signals::shutdown()?;
    let app = http::app(Telemetry::new()?);
    let listener = server::bind(config.address, "LAB_ADDRESS").await?;
    server::serve(listener, app, Limits::DEFAULT, shutdown).await;
    Ok(())
}
