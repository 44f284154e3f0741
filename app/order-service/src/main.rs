//! The door: read the settings, start logging, build, run, and say with the exit code how it went.

use std::process::ExitCode;

use order_service::config::Config;
use order_service::server::Server;
use order_service::{healthcheck, logging};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::info;

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
  ORDER_REQUEST_TIMEOUT_SECONDS  then a request is answered with 504           [120]
  ORDER_DRAIN_SECONDS            time to finish accepted orders when stopping  [20]
  ORDER_FAULTS                   on or off: fail, slow and /simulate           [on]
  RUST_LOG                       log level or filter                           [info]

Exit codes: 0 stopped as asked, 1 could not run, 64 wrong settings or arguments.
";

/// Wrong settings or arguments: `EX_USAGE` of sysexits.h.
const EX_USAGE: u8 = 64;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => with_config(serve),
        ["healthcheck"] => with_config(|config| {
            healthcheck::check(config.address).map_err(|failure| format!("not healthy: {failure}"))
        }),
        ["--help" | "-h"] => {
            print!("{USAGE}");
            ExitCode::SUCCESS
        }
        ["--version" | "-V"] => {
            println!("order-service {}", env!("CARGO_PKG_VERSION"));
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!(
                "order-service: no such command: {}\n\n{USAGE}",
                arguments.join(" ")
            );
            ExitCode::from(EX_USAGE)
        }
    }
}

fn with_config(command: impl FnOnce(Config) -> Result<(), String>) -> ExitCode {
    let config = match Config::from_env() {
        Ok(config) => config,
        Err(errors) => {
            eprintln!("order-service: {errors}");
            return ExitCode::from(EX_USAGE);
        }
    };
    match command(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("order-service: {message}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn serve(config: Config) -> Result<(), String> {
    logging::start(config.log_filter.clone());
    // As process 1 of a container there are no default handlers: without these, signals would be ignored.
    let mut terminate = handler(SignalKind::terminate())?;
    let mut interrupt = handler(SignalKind::interrupt())?;

    config.log();
    let server = Server::build(config)
        .await
        .map_err(|failure| failure.to_string())?;
    info!(
        address = %server.address(),
        version = env!("CARGO_PKG_VERSION"),
        "listening"
    );
    let shutdown = async move {
        let first = next_signal(&mut terminate, &mut interrupt).await;
        info!(
            signal = first.name,
            "stopping; a second signal ends at once"
        );
        tokio::spawn(async move {
            let second = next_signal(&mut terminate, &mut interrupt).await;
            std::process::exit(second.exit_code);
        });
    };
    server
        .run(shutdown)
        .await
        .map_err(|failure| failure.to_string())
}

fn handler(kind: SignalKind) -> Result<Signal, String> {
    signal(kind).map_err(|failure| format!("cannot handle signals: {failure}"))
}

struct Stop {
    name: &'static str,
    /// 128 + the signal's number, as shells report it.
    exit_code: i32,
}

async fn next_signal(terminate: &mut Signal, interrupt: &mut Signal) -> Stop {
    tokio::select! {
        _ = terminate.recv() => Stop { name: "SIGTERM", exit_code: 143 },
        _ = interrupt.recv() => Stop { name: "SIGINT", exit_code: 130 },
    }
}
