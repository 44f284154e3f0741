//! The program from front to back: find the target, wait for it, run, show the run once a second, judge, report.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::time::Duration;

use thiserror::Error;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::engine::{EngineError, Run, Running};
use crate::ledger::{Interval, Totals};
use crate::limits::{FileLimit, allow_connections};
use crate::live::{Look, Memory, Screen};
use crate::report::text::Text;
use crate::report::{Report, Sources};
use crate::scenario::{Load, Plan};
use crate::settings::Settings;
use crate::signals::Signals;
use crate::stack::{Found, NotFound, Stack};
use crate::target::{Addresses, Requests, Server, Target};
use crate::verdict::{Exit, Interrupt, Verdict};
use crate::waiting::{self, NotReady};

/// Why there was no run.
#[derive(Debug, Error)]
pub enum Failure {
    /// The target's name is unknown.
    #[error("cannot find {url}: {cause}")]
    Unknown {
        /// What was looked for.
        url: String,
        /// What the look-up said.
        cause: io::Error,
    },
    /// The target is not ready, or not scraped.
    #[error(transparent)]
    NotReady(#[from] NotReady),
    /// Path and target make no request.
    #[error("cannot make the request: {0}")]
    Request(#[from] hyper::http::Error),
    /// Not enough file descriptors.
    #[error(transparent)]
    Files(#[from] FileLimit),
    /// Signal handlers can't be installed.
    #[error("cannot install signal handlers: {0}")]
    Signals(io::Error),
    /// The engine gave up.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The summary is lost.
    #[error("cannot write the summary: {0}")]
    Summary(io::Error),
    /// A drill was asked for that a container can't do alone.
    #[error(
        "drill {0} needs services to be stopped and started, which a container cannot do: run scripts/drill {0}, or give \
         --operator and carry out its lines `do: …` yourself"
    )]
    NeedsHands(&'static str),
}

impl Failure {
    /// The exit code. More connections than the machine allows, or a drill that a container can't do alone, is a mistake in the
    /// command line.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Files(_) | Self::NeedsHands(_) => Exit::Usage,
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

/// Does what the settings say, and returns how it ended.
///
/// # Errors
/// There was no run to judge.
pub async fn run(settings: Settings) -> Result<Exit, Failure> {
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
        let running = launch(&settings, target.clone()).await?;
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
    let named = |prometheus| Some(prometheus).filter(|_| settings.waits_for_scrape);
    if let Some(server) = &settings.target {
        let addresses = server.resolve().await.map_err(|cause| Failure::Unknown {
            url: server.url(),
            cause,
        })?;
        let prometheus = settings.prometheus.clone().and_then(named);
        return Ok(Surroundings {
            server: server.clone(),
            addresses,
            prometheus,
            guess: None,
        });
    }
    match Stack::find().await {
        Ok(Found {
            stack,
            addresses,
            guess,
        }) => Ok(Surroundings {
            server: stack.order_service,
            addresses,
            prometheus: named(settings.prometheus.clone().unwrap_or(stack.prometheus)),
            guess,
        }),
        Err(NotFound { server, cause }) => Err(Failure::Unknown {
            url: server.url(),
            cause,
        }),
    }
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

async fn launch(settings: &Settings, target: Target) -> Result<Running, EngineError> {
    let run = Run {
        plan: settings.plan.clone(),
        target,
        connections: settings.connections,
        threads: settings.threads,
        timeout: settings.timeout,
        spacing: settings.spacing,
        seed: settings.seed,
    };
    run.launch().await
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
        Text(report).to_string()
    };
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(text.as_bytes());
    match written.and_then(|()| stdout.flush()) {
        // Whoever closed stdout doesn't want it.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::Summary(error)),
        _ => Ok(()),
    }
}
