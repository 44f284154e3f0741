//! Entry point: read the settings, start logging, build, run, and map the result to an exit code.

use std::error::Error;
use std::process::ExitCode;

use pager::config::Config;
use pager::server::{LIMITS, Server};
use service::program::Program;
use service::{logging, signals};

const USAGE: &str = "\
A stand-in for Slack, PagerDuty and a dead man's switch, with an inbox that shows what arrived.

Usage: pager               serve until SIGTERM or Ctrl-C
       pager healthcheck   exit 0 if the service on PAGER_ADDRESS is healthy, else 1
       pager --help | --version

Settings, from the environment:
  PAGER_ADDRESS                where to listen                                  [127.0.0.1:8025]
  PAGER_PAGERDUTY_ROUTING_KEY  the only key that events are accepted with       [the demo key]
  PROMETHEUS_URL, ALERTMANAGER_URL, GRAFANA_URL, PAGER_URL
                               what dashboards link, in the metric pager_links_info
  PAGER_DEADMAN_SECONDS        alarm this long after the last heartbeat         [60]
  PAGER_RUNBOOKS               folder with the runbooks          [../observability/runbooks]
  LOG_FILTER                   log level or filter                              [info]

Exit codes: 0 stopped as asked, 1 could not run, 64 wrong settings or arguments.
";

fn main() -> ExitCode {
    let program = Program {
        name: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        usage: USAGE,
        limits: LIMITS,
    };
    program.run(Config::from_env, |config| config.address, serve)
}

// Two threads: what is parsed at the same time bounds the memory, too.
#[tokio::main(worker_threads = 2)]
async fn serve(config: Config) -> Result<(), Box<dyn Error>> {
    logging::start(config.log_filter.clone());
    let shutdown = signals::shutdown()?;
    config.log();
    let server = Server::build(config).await?;
    server.run(shutdown).await?;
    Ok(())
}
