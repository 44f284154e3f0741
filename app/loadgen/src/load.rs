//! A load as another program makes it: blocking calls, a second request for a share of the arrivals, no end unless one is given.
//!
//! The crate `drill` makes incidents with it. The load generator's own runs are in [`app`](crate::app).

use std::future;
use std::net::ToSocketAddrs;
use std::sync::Arc;
use std::time::Duration;

use hyper::Method;
use hyper::http::uri::PathAndQuery;
use thiserror::Error;
use tokio::runtime::{Builder, Runtime};

use crate::engine::{EngineError, Run, Running};
use crate::ledger::{self, Class, Totals};
use crate::preflight::UnknownHost;
use crate::process::{FileLimit, allow_connections};
use crate::scenario::{Plan, Scenario, Shape};
use crate::schedule::{ArrivalProcess, Fault, Order};
use crate::settings::default_threads;
use crate::target::{Addresses, Request, Server, Target};
use crate::verdict::faults;

/// Length of a load that has none of its own; it is stopped long before.
const ENDLESS: Duration = Duration::from_hours(2);
/// Method and path of a request without a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// One that needs no body.
    pub method: Method,
    /// With the query, if any.
    pub path: PathAndQuery,
}

/// What is sent, and how fast.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// Where to.
    pub target: Server,
    /// What most arrivals send.
    pub request: Sent,
    /// Another request in its place, and for which share of the arrivals (0 to 1).
    pub second: Option<(Sent, f64)>,
    /// Arrivals per second, at the peak of the scenario.
    pub rate: f64,
    /// The shape of the rate over `length`. [`Scenario::Max`] has no rate, and is sent as [`Scenario::Steady`].
    pub scenario: Scenario,
    /// How long it lasts; `None` goes on until it is stopped, at most two hours.
    pub length: Option<Duration>,
    /// How many connections are opened, the only cap on requests in flight.
    pub connections: usize,
    /// How long after its intended instant an arrival is given up.
    pub timeout: Duration,
    /// Seed of everything that is random.
    pub seed: u64,
}

/// Why a load could not be made or finished.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum LoadError {
    #[error(transparent)]
    Unknown(#[from] UnknownHost),
    #[error(transparent)]
    Files(#[from] FileLimit),
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// A load under way.
#[derive(Debug)]
pub struct Load {
    /// Waits for the engine's threads, which do the work.
    runtime: Runtime,
    running: Running,
    is_stopped: bool,
}

/// How many arrivals ended, by class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Arrivals that were due.
    pub scheduled: u64,
    by_class: ledger::Counts,
}

impl Counts {
    fn new(scheduled: u64, totals: &Totals) -> Self {
        let by_class = totals.counts();
        Self {
            scheduled,
            by_class,
        }
    }

    /// Arrivals that ended like this.
    pub fn of(&self, class: Class) -> u64 {
        self.by_class[class as usize]
    }

    /// Arrivals that were answered, with whatever status.
    pub fn answered(&self) -> u64 {
        let answers = Class::ALL.into_iter().filter(|class| class.is_answer());
        answers.map(|class| self.of(class)).sum()
    }

    /// The classes that occurred, each with its count.
    pub fn listed(&self) -> String {
        ledger::listed(&self.by_class, "none ended")
    }
}

/// What became of a load.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How the arrivals ended.
    pub counts: Counts,
    /// Time during which arrivals were due.
    pub elapsed: Duration,
    /// 99th percentile of the lag while a connection was free: how late the generator itself was.
    pub lag: Duration,
    totals: Totals,
}

impl Outcome {
    /// What makes the load worthless as a cause, one line each: the generator was later than `lag`.
    pub fn faults(&self, lag: Duration) -> Vec<String> {
        faults(&self.totals, lag)
    }
}

impl Load {
    /// Opens the connections and starts sending.
    ///
    /// # Errors
    /// The target's name is unknown, or the engine can't run.
    pub fn start(recipe: &Recipe) -> Result<Self, LoadError> {
        allow_connections(recipe.connections)?;
        let server = &recipe.target;
        let unknown = |cause| UnknownHost {
            url: server.url(),
            cause,
        };
        let addresses = server.authority().to_socket_addrs().map_err(unknown)?;
        let run = Run {
            plan: plan(recipe),
            target: Target {
                addresses: Addresses::new(server, addresses.collect()),
                requests: requests(recipe),
            },
            connections: recipe.connections,
            threads: default_threads(),
            timeout: recipe.timeout,
            process: ArrivalProcess::Even,
            seed: recipe.seed,
        };
        let runtime = Builder::new_current_thread().build();
        let runtime = runtime.map_err(EngineError::Thread)?;
        Ok(Self {
            running: runtime.block_on(run.launch())?,
            runtime,
            is_stopped: false,
        })
    }

    /// Ends the sending; what is in flight goes on until it is answered or given up.
    pub fn stop(&mut self) {
        self.is_stopped = true;
        self.running.stop();
    }

    /// How it stands.
    pub fn counts(&mut self) -> Counts {
        let (scheduled, _, total) = self.running.look();
        Counts::new(scheduled, total)
    }

    /// What became of it, once the last arrival has ended; asked for again after that, it is an error.
    ///
    /// # Errors
    /// The engine gave up.
    pub fn outcome(&mut self) -> Option<Result<Outcome, LoadError>> {
        let running = &mut self.running;
        let ended = self.runtime.block_on(async {
            tokio::select! {
                biased;
                totals = running.finished() => Some(totals),
                () = future::ready(()) => None,
            }
        });
        Some(
            ended?
                .map(|totals| self.account(totals))
                .map_err(Into::into),
        )
    }

    fn account(&self, mut totals: Totals) -> Outcome {
        if self.is_stopped {
            // Whatever was due when the load was stopped was not sent: no fault of the generator.
            totals.expired_while_free = 0;
        }
        Outcome {
            counts: Counts::new(totals.end.scheduled, &totals),
            elapsed: totals.end.asked_for,
            lag: totals.own_lag.quantile(0.99).unwrap_or_default(),
            totals,
        }
    }
}

/// The second request takes the place of failing orders.
fn requests(recipe: &Recipe) -> Arc<[Request; 3]> {
    let request = |sent: &Sent| Request::new(&recipe.target, &sent.method, &sent.path);
    let first = request(&recipe.request);
    let second = recipe.second.as_ref();
    let second = second.map_or(first.clone(), |(second, _)| request(second));
    Arc::new([first, second.clone(), second])
}

/// In a scenario with a storm of its own the second request is sent in that alone, otherwise throughout.
fn plan(recipe: &Recipe) -> Plan {
    let share = recipe.second.as_ref().map_or(0.0, |(_, share)| *share);
    let fault = (share > 0.0).then_some(Fault {
        order: Order::Failing,
        share,
    });
    let scenario = match recipe.scenario {
        Scenario::Max => Scenario::Steady,
        scenario => scenario,
    };
    let mut plan = Plan::new(
        scenario,
        Shape {
            rate: recipe.rate,
            duration: recipe.length.unwrap_or(ENDLESS),
            share,
        },
    );
    for stage in &mut plan.stages {
        if stage.fault.is_some() || !scenario.has_faults() {
            stage.fault = fault;
        }
    }
    plan
}
