//! What is to be done, complete and checked: the command line with every default filled in.

use std::time::Duration;

use hyper::Method;
use hyper::http::uri::PathAndQuery;
use thiserror::Error;

use crate::cli::Args;
use crate::scenario::{Load, Plan, Scenario, Shape};
use crate::schedule::Spacing;
use crate::target::Server;
use crate::verdict::{Limits, Threshold};

/// Most arrivals of a run; the schedule's arithmetic is exact far beyond it.
const MOST_ARRIVALS: f64 = 1e9;
/// Most worker threads that are used unless more are asked for.
const MOST_THREADS: usize = 4;

/// Why the options contradict each other.
#[derive(Debug, Error, PartialEq)]
pub enum Contradiction {
    /// A closed loop has no rate.
    #[error(
        "--rate means nothing to max, which goes as fast as its connections; leave it out, or use steady"
    )]
    RateOfMax,
    /// A share of nothing: the scenario has no faults.
    #[error("--share means nothing to {0}; it belongs to error-storm and slow-storm")]
    ShareWithoutFaults(&'static str),
    /// A closed loop has no arrivals.
    #[error("--poisson means nothing to max, which has no schedule")]
    PoissonMax,
    /// Rate and duration don't even make one arrival.
    #[error(
        "{rate} arrivals per second for {duration:?} make not even one arrival; raise --rate or --duration"
    )]
    NoArrivals {
        /// Asked arrivals per second.
        rate: f64,
        /// Asked length.
        duration: Duration,
    },
    /// Rate and duration make too many.
    #[error("{0:.0} arrivals are too many for one run; at most {MOST_ARRIVALS:.0}")]
    TooManyArrivals(f64),
}

/// Everything a run needs to know before a name is looked up.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The scenario.
    pub scenario: Scenario,
    /// What shapes it.
    pub shape: Shape,
    /// Its plan.
    pub plan: Plan,
    /// Server asked for, if one was.
    pub target: Option<Server>,
    /// Prometheus asked for, if one was.
    pub prometheus: Option<Server>,
    /// Whether to wait for a scrape where a Prometheus is known.
    pub waits_for_scrape: bool,
    /// How long to wait for target and scrape; zero waits for neither.
    pub wait: Duration,
    /// Connections to open.
    pub connections: usize,
    /// Worker threads.
    pub threads: usize,
    /// When an arrival is given up.
    pub timeout: Duration,
    /// How arrivals lie around the rate.
    pub spacing: Spacing,
    /// Seed of everything random.
    pub seed: u64,
    /// Limits people set.
    pub thresholds: Vec<Threshold>,
    /// Limits of validity.
    pub limits: Limits,
    /// Whether the summary is JSON.
    pub json: bool,
    /// Method of the requests.
    pub method: Method,
    /// Path of the requests.
    pub path: PathAndQuery,
}

impl Settings {
    /// Fills in what was not asked.
    ///
    /// # Errors
    /// Options that contradict each other.
    pub fn new(args: Args) -> Result<Self, Contradiction> {
        let scenario = args.scenario;
        let defaults = scenario.defaults();
        if scenario == Scenario::Max && args.rate.is_some() {
            return Err(Contradiction::RateOfMax);
        }
        if scenario == Scenario::Max && args.poisson {
            return Err(Contradiction::PoissonMax);
        }
        if !scenario.has_faults() && args.share.is_some() {
            return Err(Contradiction::ShareWithoutFaults(scenario.name()));
        }
        let shape = Shape {
            rate: args.rate.unwrap_or(defaults.rate),
            duration: args.duration.unwrap_or(defaults.duration),
            share: args.share.unwrap_or(defaults.share),
        };
        let plan = Plan::new(scenario, shape);
        if let Load::Open(profile) = &plan.load {
            if profile.count() == 0 {
                return Err(Contradiction::NoArrivals {
                    rate: shape.rate,
                    duration: shape.duration,
                });
            }
            if profile.expected() > MOST_ARRIVALS {
                return Err(Contradiction::TooManyArrivals(profile.expected()));
            }
        }
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let connections = args.connections.unwrap_or(defaults.connections);
        Ok(Self {
            scenario,
            shape,
            plan,
            target: args.target,
            prometheus: args.prometheus,
            waits_for_scrape: !args.no_wait_scrape && !args.wait.is_zero(),
            wait: args.wait,
            connections,
            threads: args
                .threads
                .unwrap_or(processors.min(MOST_THREADS))
                .min(connections),
            timeout: args.timeout,
            spacing: if args.poisson {
                Spacing::Poisson
            } else {
                Spacing::Even
            },
            // 53 bits, so that every JSON reader can repeat it.
            seed: args.seed.unwrap_or_else(|| rand::random::<u64>() >> 11),
            thresholds: args.fail,
            limits: Limits { lag: args.max_lag },
            json: args.json,
            method: args.method,
            path: args.path,
        })
    }
}
