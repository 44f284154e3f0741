//! The program from front to back: find the target, wait for it, run, show the run once a second, judge, report.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::time::Duration;

use thiserror::Error;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::cli::Args;
use crate::engine::{EngineError, Run, Running};
use crate::ledger::{Interval, Totals};
use crate::limits::{FileLimit, allow_connections};
use crate::live::{Look, Memory, Screen};
use crate::report::{Report, Sources};
use crate::scenario::{Load, Plan};
use crate::settings::{Contradiction, Settings};
use crate::signals::Signals;
use crate::stack::{Found, NotFound, Stack};
use crate::target::{Addresses, Requests, Server, Target};
use crate::verdict::{Exit, Interrupt, Verdict};
use crate::waiting::{self, NotReady};

/// Why there was no run.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum Failure {
    #[error(transparent)]
    Contradiction(#[from] Contradiction),
    #[error("cannot find {url}: {cause}")]
    Unknown { url: String, cause: io::Error },
    #[error(transparent)]
    NotReady(#[from] NotReady),
    #[error("cannot make the request: {0}")]
    Request(#[from] hyper::http::Error),
    #[error(transparent)]
    Files(#[from] FileLimit),
    #[error("cannot install signal handlers: {0}")]
    Signals(io::Error),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error("cannot write the summary: {0}")]
    Summary(io::Error),
}

impl Failure {
    /// More connections than the machine allows is a mistake in the command line.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Contradiction(_) | Self::Files(_) => Exit::Usage,
            _ => Exit::Failed,
        }
    }
}

/// What is known once the names are looked up.
struct Surroundings {
    server: Server,
    addresses: Vec<SocketAddr>,
    prometheus: Option<Server>,
    guess: Option<String>,
}

/// Makes the load that was asked for, and returns how it ended.
///
/// # Errors
/// There was no run to judge.
pub async fn run(args: Args) -> Result<Exit, Failure> {
    let settings = Settings::new(args)?;
    allow_connections(settings.connections)?;
    let mut signals = Signals::listen().map_err(Failure::Signals)?;
    let mut screen = Screen::new(|name| std::env::var(name).ok());
    let prepared = async {
        let mut found = look_up(&settings).await?;
        if let Some(guess) = &found.guess {
            screen.note(guess);
        }
        screen.note(&format!(
            "loadgen {}: {}, seed {}",
            settings.scenario.name(),
            found.server.url(),
            settings.seed
        ));
        wait(&settings, &mut found, &mut screen).await?;
        let requests = Requests::new(&found.server, &settings.method, &settings.path)?;
        let target = Target {
            addresses: Addresses::of(&found.server, found.addresses),
            requests,
        };
        let run = Run {
            plan: settings.plan.clone(),
            target: target.clone(),
            connections: settings.connections,
            threads: settings.threads,
            timeout: settings.timeout,
            spacing: settings.spacing,
            seed: settings.seed,
        };
        let running = run.launch().await?;
        Ok::<_, Failure>((found.server, target, running))
    };
    let (server, target, running) = tokio::select! {
        prepared = prepared => prepared?,
        // Nothing was sent, there is nothing to report.
        interrupt = signals.next() => return Ok(Exit::Interrupted(interrupt)),
    };
    let (totals, interrupt) = watch(&settings.plan, running, &mut signals, &mut screen).await?;
    let verdict = Verdict::new(&totals, &settings.limits, &settings.thresholds, interrupt);
    let sources = Sources {
        settings: &settings,
        server: &server,
        target: &target,
        totals: &totals,
        verdict: &verdict,
    };
    print(&Report::new(sources), settings.json)?;
    Ok(verdict.exit)
}

/// Finds the target, and the Prometheus that belongs to it: named ones, or the stack's own.
async fn look_up(settings: &Settings) -> Result<Surroundings, Failure> {
    let unknown = |server: &Server, cause| Failure::Unknown {
        url: server.url(),
        cause,
    };
    let (server, addresses, prometheus, guess) = if let Some(server) = &settings.target {
        let addresses = server.resolve().await;
        let addresses = addresses.map_err(|cause| unknown(server, cause))?;
        (server.clone(), addresses, None, None)
    } else {
        let Found {
            stack,
            addresses,
            guess,
        } = Stack::find()
            .await
            .map_err(|NotFound { server, cause }| unknown(&server, cause))?;
        (
            stack.order_service,
            addresses,
            Some(stack.prometheus),
            guess,
        )
    };
    let prometheus = settings.prometheus.clone().or(prometheus);
    Ok(Surroundings {
        server,
        addresses,
        prometheus: prometheus.filter(|_| settings.waits_for_scrape),
        guess,
    })
}

async fn wait(
    settings: &Settings,
    found: &mut Surroundings,
    screen: &mut Screen,
) -> Result<(), Failure> {
    if settings.wait.is_zero() {
        return Ok(());
    }
    let ready = waiting::for_target(&found.server, &found.addresses, settings.wait).await?;
    for address in found.addresses.iter().filter(|it| !ready.contains(it)) {
        screen.note(&format!("{address} is not ready and gets no load"));
    }
    found.addresses = ready;
    if let Some(prometheus) = &found.prometheus {
        screen.note(&format!("waiting for a scrape by {}", prometheus.url()));
        waiting::for_scrape(prometheus, settings.wait).await?;
    }
    Ok(())
}

/// Shows the run once a second until its end; the first signal stops it, the second ends the process.
async fn watch(
    plan: &Plan,
    mut running: Running,
    signals: &mut Signals,
    screen: &mut Screen,
) -> Result<(Totals, Option<Interrupt>), EngineError> {
    let mut ticks = interval(Duration::from_secs(1));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.tick().await;
    let (mut seen, mut spare, mut memory) =
        (Interval::default(), Interval::default(), Memory::default());
    let mut last = Instant::now();
    let mut interrupt = None;
    loop {
        tokio::select! {
            totals = running.finished() => return Ok((totals?, interrupt)),
            signal = signals.next() => {
                if let Some(first) = interrupt {
                    screen.note("stopped at once, without a summary");
                    std::process::exit(Exit::Interrupted(first).code().into());
                }
                interrupt = Some(signal);
                running.stop();
                screen.note(&format!("{}: sending stopped, waiting for what is in flight", signal.name()));
            }
            _ = ticks.tick() => {
                seen.clear();
                running.look(&mut seen, &mut spare);
                let since = last.elapsed();
                last = Instant::now();
                let (asked, stage) = phase(plan, running.now(), interrupt.is_some());
                let look = Look {
                    elapsed: running.now(),
                    since,
                    duration: plan.duration(),
                    stage,
                    asked,
                    scheduled: running.scheduled(),
                    interval: &seen,
                };
                memory.add(&look);
                screen.show(&look, &memory);
            }
        }
    }
}

/// The asked rate and the name of the stage at that moment.
fn phase(plan: &Plan, now: Duration, is_stopped: bool) -> (Option<f64>, &str) {
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
