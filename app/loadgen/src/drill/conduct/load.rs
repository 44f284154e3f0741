//! The load of a drill: the same engine as any other, ended when the drill has seen enough.

use std::sync::Arc;
use std::time::Duration;

use hyper::Method;

use crate::drill::definition::Storm;
use crate::drill::prediction::RECOVERY;
use crate::engine::{EngineError, Run, Running};
use crate::ledger::{Class, Interval, Totals};
use crate::scenario::{Load as Loop, Plan};
use crate::schedule::{Fault, Order, Profile, Segment, Spacing, Stage};
use crate::target::{Addresses, Requests, Server, Target};
use crate::verdict::{Limits, faults};

/// Longest load without an end of its own; a drill ends it long before.
const ENDLESS: Duration = Duration::from_hours(2);
/// Connections of the healthy load: 100/s at a mean of 91 ms keep 9 of them busy.
const RECOVERY_CONNECTIONS: usize = 100;
/// When a healthy order is given up.
const RECOVERY_TIMEOUT: Duration = Duration::from_secs(10);
/// Most worker threads.
const MOST_THREADS: usize = 4;

/// What is sent.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// Its name in the report.
    pub name: &'static str,
    /// Orders per second.
    pub rate: f64,
    /// How some of them misbehave.
    pub fault: Option<Fault>,
    /// Its length, if it has one.
    pub length: Option<Duration>,
    connections: usize,
    timeout: Duration,
}

impl Recipe {
    /// The load of a storm, at this rate.
    pub fn storm(storm: &Storm, rate: f64) -> Self {
        Self {
            name: "storm",
            rate,
            fault: (storm.share > 0.0).then_some(Fault {
                order: storm.order,
                share: storm.share,
            }),
            length: storm.length,
            connections: storm.connections,
            timeout: storm.timeout,
        }
    }

    /// The healthy load after a storm.
    pub fn recovery() -> Self {
        Self {
            name: "recovery",
            rate: RECOVERY,
            fault: None,
            length: None,
            connections: RECOVERY_CONNECTIONS,
            timeout: RECOVERY_TIMEOUT,
        }
    }
}

/// A load under way.
#[derive(Debug)]
pub struct Load {
    /// What is sent.
    pub recipe: Recipe,
    running: Running,
    counts: [u64; Class::ALL.len()],
    seen: Interval,
    spare: Interval,
}

/// A load that has ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// What was sent.
    pub recipe: Recipe,
    /// What became of it.
    pub totals: Totals,
}

impl Ended {
    /// What makes it worthless as a cause.
    pub fn faults(&self, limits: &Limits) -> Vec<String> {
        let mut totals = self.totals.clone();
        if self.recipe.length.is_none() {
            // Whatever was due when the load was stopped was not sent: no fault of the generator.
            totals.expired_while_free = 0;
        }
        let faults = faults(&totals, limits);
        faults
            .into_iter()
            .map(|fault| format!("{}: {fault}", self.recipe.name))
            .collect()
    }
}

impl Load {
    /// Opens the connections and starts sending.
    ///
    /// # Errors
    /// The server's name is unknown, or the engine can't run.
    pub async fn start(recipe: Recipe, server: &Server, seed: u64) -> Result<Self, EngineError> {
        let requests = Requests::new(
            server,
            &Method::POST,
            &hyper::http::uri::PathAndQuery::from_static("/orders"),
        );
        let requests = requests.map_err(std::io::Error::other)?;
        let target = Target {
            addresses: Addresses::of(server, server.resolve().await?),
            requests,
        };
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let run = Run {
            plan: plan(&recipe),
            target,
            connections: recipe.connections,
            threads: processors.min(MOST_THREADS),
            timeout: recipe.timeout,
            spacing: Spacing::Even,
            seed,
        };
        Ok(Self {
            running: run.launch().await?,
            recipe,
            counts: Default::default(),
            seen: Interval::default(),
            spare: Interval::default(),
        })
    }

    /// Ends the sending; what is in flight is waited for by [`Self::ended`].
    pub fn stop(&self) {
        self.running.stop();
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// The engine gave up.
    pub async fn ended(&mut self) -> Result<Ended, EngineError> {
        Ok(Ended {
            totals: self.running.finished().await?,
            recipe: self.recipe.clone(),
        })
    }

    /// Orders that ended so far, by class, and how many were due.
    pub fn counts(&mut self) -> (u64, [u64; Class::ALL.len()]) {
        self.seen.clear();
        self.running.look(&mut self.seen, &mut self.spare);
        for (ours, new) in self.counts.iter_mut().zip(self.seen.counts) {
            *ours += new;
        }
        (self.running.scheduled(), self.counts)
    }

    /// What is odd about the answers, if anything is.
    pub fn trouble(&mut self) -> Option<String> {
        let (_, counts) = self.counts();
        let ended: u64 = counts.iter().sum();
        let refused = counts[Class::Http4xx as usize];
        let answered: u64 = Class::ALL
            .into_iter()
            .filter(|class| class.is_answer())
            .map(|class| counts[class as usize])
            .sum();
        if refused > 0 {
            return Some(format!(
                "{refused} of {ended} orders were refused with a 4xx: are the fault controls off? (ORDER_FAULTS)"
            ));
        }
        (ended > 0 && answered == 0).then(|| format!("not one of {ended} orders was answered"))
    }
}

fn plan(recipe: &Recipe) -> Plan {
    let segment = Segment {
        stage: 0,
        duration: recipe.length.unwrap_or(ENDLESS),
        from: recipe.rate,
        to: recipe.rate,
    };
    Plan {
        stages: vec![Stage {
            name: recipe.name.into(),
            fault: recipe.fault.filter(|fault| fault.order != Order::Plain),
        }],
        load: Loop::Open(Arc::new(Profile::new([segment]))),
    }
}
