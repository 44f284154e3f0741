//! Entry point: read the settings, start logging, build, run, and map the result to an exit code.

use std::error::Error;
use std::process::ExitCode;

use dashboards::config::Config;
use dashboards::server::{LIMITS, Server};
use service::program::Program;
use service::{logging, signals};

const USAGE: &str = "\
A viewer of Grafana's dashboards: draws them from their files, and reads Prometheus. It is not Grafana, and changes nothing.

Usage: dashboards               serve until SIGTERM or Ctrl-C
       dashboards healthcheck   exit 0 if the service on DASHBOARDS_ADDRESS is healthy, else 1
       dashboards --help | --version

Settings, from the environment; paths are relative to the folder app, where `cargo run -p dashboards` is typed:
  DASHBOARDS_ADDRESS       where to listen                       [127.0.0.1:3000]
  DASHBOARDS_FOLDERS       folders of dashboards, with : between them
                           [../observability/grafana/dashboards:../observability/grafana/practice]
  DASHBOARDS_HOME          uid of the first dashboard            [order-service]
  DASHBOARDS_DATASOURCES   Grafana's file of data sources
                           [../observability/grafana/provisioning/datasources/datasources.yml]
  DASHBOARDS_PROMETHEUS    address of Prometheus, in place of the one in that file
  DASHBOARDS_PAGE          folder of the built page              [dashboards/page/dist/page]
  LOG_FILTER               log level or filter                   [info]

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

#[tokio::main(worker_threads = 2)]
async fn serve(config: Config) -> Result<(), Box<dyn Error>> {
    logging::start(config.log_filter.clone());
    let shutdown = signals::shutdown()?;
    config.log();
    let server = Server::build(config).await?;
    server.run(shutdown).await;
    Ok(())
}
