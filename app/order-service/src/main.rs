//! Entry point: read the settings, start logging, build, run, and map the result to an exit code.

use std::error::Error;
use std::process::ExitCode;

use order_service::config::Config;
use order_service::server::Server;
use service::program::Program;
use service::server::Limits;
use service::{logging, signals};

const USAGE: &str = "\
A simulated order-processing service, instrumented with OpenTelemetry metrics.

Usage: order-service               serve until SIGTERM or Ctrl-C, then drain and exit 0
       order-service healthcheck   exit 0 if the service on ORDER_ADDRESS is healthy, else 1
       order-service --help | --version

Settings, from the environment:
  ORDER_ADDRESS                  where to listen                               [127.0.0.1:8000]
  ORDER_WORKERS                  orders processed at the same time             [32]
  ORDER_QUEUE_CAPACITY           orders that may wait                          [1000]
  ORDER_SERVICE_TIME_MEDIAN_MS   median service time, log-normal; 0 is none    [80]
  ORDER_SERVICE_TIME_SIGMA       its sigma                                     [0.5]
  ORDER_REQUEST_TIMEOUT_SECONDS  an order or batch not done by then is a 504   [120]
  ORDER_DRAIN_SECONDS            time to finish accepted orders when stopping  [20]
  ORDER_FAULTS                   on or off: fail, slow and /simulate           [on]
  ORDER_LINKS                    NAME=ADDRESS,...: what the first page links   [the stack's own ports]
  OTEL_RESOURCE_ATTRIBUTES       NAME=VALUE,...: more labels of target_info    [none]
  OTEL_SERVICE_NAME              its label service_name                        [order-service]
  LOG_FILTER                     log level or filter                           [info]

Exit codes: 0 stopped as asked, 1 could not run, 64 wrong settings or arguments.
";

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
    logging::start(config.log_filter.clone());
    let shutdown = signals::shutdown()?;
    config.log();
    let server = Server::build(config).await?;
    server.run(shutdown).await?;
    Ok(())
}
