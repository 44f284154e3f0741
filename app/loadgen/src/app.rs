//! The program from front to back: find the target, wait for it, run, show the run once a second, judge, report.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use thiserror::Error;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::cli::{Args, Command};
use crate::engine::{EngineError, Run, Running};
use crate::ledger::Totals;
use crate::live::{Display, Snapshot};
use crate::preflight::{NotReady, Stack, UnknownHost, wait_for_scrape, wait_for_target};
use crate::process::{FileLimit, Interrupt, Signals, allow_connections};
use crate::report::Report;
use crate::scenario::{Load, Plan};
use crate::settings::{Contradiction, Settings};
use crate::target::{Addresses, Request, Server, Target};
use crate::verdict::{Exit, Verdict};

/// Why there was no run.
#[derive(Debug, Error)]
enum Failure {
    #[error("drills are a program of their own: scripts/drill{0}")]
    Drill(String),
    #[error(transparent)]
    Contradiction(#[from] Contradiction),
    #[error(transparent)]
    UnknownHost(#[from] UnknownHost),
    #[error(transparent)]
    NotReady(#[from] NotReady),
    #[error(transparent)]
    Files(#[from] FileLimit),
    #[error("cannot start: {0}")]
    Runtime(io::Error),
    #[error("signal handlers can't be installed: {0}")]
    Signals(io::Error),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error("cannot write the summary: {0}")]
    Summary(io::Error),
}

impl Failure {
    /// More connections than the machine allows is a mistake in the command line.
    fn exit(&self) -> Exit {
        match self {
            Self::Drill(_) | Self::Contradiction(_) | Self::Files(_) => Exit::Usage,
            _ => Exit::Failed,
        }
    }
}

/// Makes the load that was asked for, and says how it ended.
pub fn main(args: Args) -> ExitCode {
    let exit = start(args).unwrap_or_else(|failure| {
        eprintln!("loadgen: {failure}");
        failure.exit()
    });
    exit.into()
}

fn start(mut args: Args) -> Result<Exit, Failure> {
    if let Some(Command::Drill { arguments }) = args.command.take() {
        let arguments = arguments.iter().map(|argument| format!(" {argument}"));
        return Err(Failure::Drill(arguments.collect()));
    }
    let settings = Settings::new(args)?;
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().map_err(Failure::Runtime)?;
    let exit = runtime.block_on(run(&settings));
    // After an interrupt a name look-up may still be on its way: dropping the runtime would wait for its end.
    runtime.shutdown_background();
    exit
}

async fn run(settings: &Settings) -> Result<Exit, Failure> {
    allow_connections(settings.connections)?;
    let mut signals = Signals::install().map_err(Failure::Signals)?;
    let mut display = Display::new(|name| std::env::var(name).ok());
    let (addresses, running) = tokio::select! {
        launched = launch(settings, &mut display) => launched?,
        // Nothing was sent, there is nothing to report.
        interrupt = signals.next() => return Ok(Exit::Interrupted(interrupt)),
    };
    let (totals, interrupt) = watch(&settings.plan, running, &mut signals, &mut display).await?;
    let verdict = Verdict::new(
        &totals,
        settings.args.max_lag,
        &settings.args.fail,
        interrupt,
    );
    let report = Report::new(settings, &addresses, &totals, &verdict);
    print(&report, settings.args.json)?;
    Ok(verdict.exit)
}

/// Finds the target, waits until it is ready, and starts the load.
async fn launch(
    settings: &Settings,
    display: &mut Display,
) -> Result<(Addresses, Running), Failure> {
    let (server, addresses, prometheus) = look_up(settings, display).await?;
    display.note(&format!(
        "loadgen {}: {}, seed {}",
        settings.args.scenario.name(),
        server.url(),
        settings.seed
    ));
    let mut ready = addresses.clone();
    if !settings.args.wait.is_zero() {
        ready = wait_for_target(&server, &addresses, settings.args.wait).await?;
        for address in addresses.iter().filter(|it| !ready.contains(it)) {
            display.note(&format!("{address} is not ready and gets no load"));
        }
        if let Some(prometheus) = prometheus.filter(|_| !settings.args.no_wait_scrape) {
            display.note(&format!("waiting for a scrape by {}", prometheus.url()));
            wait_for_scrape(&prometheus, settings.args.wait).await?;
        }
    }
    let addresses = Addresses::new(&server, ready);
    let run = Run {
        plan: settings.plan.clone(),
        target: Target {
            addresses: addresses.clone(),
            requests: Request::by_order(&server, &settings.args.method, &settings.args.path),
        },
        connections: settings.connections,
        threads: settings.threads,
        timeout: settings.args.timeout,
        process: settings.process,
        seed: settings.seed,
    };
    Ok((addresses, run.launch().await?))
}

/// The target, and the Prometheus that belongs to it: named ones, or the stack's own.
async fn look_up(
    settings: &Settings,
    display: &mut Display,
) -> Result<(Server, Vec<SocketAddr>, Option<Server>), UnknownHost> {
    let prometheus = settings.args.prometheus.clone();
    if let Some(server) = &settings.args.target {
        let addresses = server.resolve().await.map_err(|cause| UnknownHost {
            url: server.url(),
            cause,
        })?;
        return Ok((server.clone(), addresses, prometheus));
    }
    let stack = Stack::find().await?;
    if let Some(note) = &stack.note {
        display.note(note);
    }
    let prometheus = prometheus.unwrap_or(stack.prometheus);
    Ok((stack.order_service, stack.addresses, Some(prometheus)))
}

/// Shows the run once a second until its end; the first signal stops it, the second ends the process.
async fn watch(
    plan: &Plan,
    mut running: Running,
    signals: &mut Signals,
    display: &mut Display,
) -> Result<(Totals, Option<Interrupt>), EngineError> {
    let mut ticks = interval(Duration::from_secs(1));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.tick().await;
    let mut last = Instant::now();
    let mut interrupt = None;
    loop {
        tokio::select! {
            totals = running.finished() => return Ok((totals?, interrupt)),
            signal = signals.next() => {
                if let Some(first) = interrupt {
                    display.note("stopped at once, without a summary");
                    std::process::exit(Exit::Interrupted(first).code().into());
                }
                interrupt = Some(signal);
                running.stop();
                display.note(&format!("{}: sending stopped, waiting for what is in flight", signal.name()));
            }
            _ = ticks.tick() => {
                let elapsed = running.now();
                let (asked, stage) = asked_at(plan, elapsed, interrupt.is_some());
                let since = last.elapsed();
                last = Instant::now();
                let (scheduled, recent, total) = running.look();
                display.show(&Snapshot { elapsed, since, duration: plan.duration(), stage, asked, scheduled, recent, total });
            }
        }
    }
}

/// The asked rate and the name of the stage at that moment.
fn asked_at(plan: &Plan, now: Duration, is_stopped: bool) -> (Option<f64>, &str) {
    if is_stopped || now >= plan.duration() {
        return (Some(0.0), "drain");
    }
    match &plan.load {
        Load::Open(profile) => {
            let (rate, stage) = profile.asked_at(now);
            (Some(rate), &plan.stages[stage].name)
        }
        Load::Closed(_) => (None, &plan.stages[0].name),
    }
}

/// The only thing that goes to stdout.
fn print(report: &Report, as_json: bool) -> Result<(), Failure> {
    let text = if as_json {
        let json = serde_json::to_string_pretty(report)
            .expect("a report has string keys and finite numbers");
        format!("{json}\n")
    } else {
        report.to_string()
    };
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(text.as_bytes());
    match written.and_then(|()| stdout.flush()) {
        // Whoever closed stdout doesn't want it.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::Summary(error)),
        _ => Ok(()),
    }
}
