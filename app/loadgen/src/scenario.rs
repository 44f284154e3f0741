//! The named loads: what each is for, its defaults, what to expect of the demo stack, and its stages and rate over time.
//!
//! Defaults fit order-service's own (32 workers, mean 91 ms, so 353 orders/s) and end within two minutes.

use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;

use crate::schedule::{Fault, Order, Profile, Segment, Stage};

/// Calm stretches of `spike` and `bursts` run at this share of the rate.
const CALM: f64 = 0.05;
/// Steps of `step`.
const STEPS: u32 = 5;
/// The stage in which orders misbehave.
const STORM: &str = "storm";

/// A load with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scenario {
    /// One rate throughout. Example: loadgen steady --rate 100 --duration 30s
    Steady,
    /// From nothing to the rate in a straight line. Example: loadgen ramp --rate 300 --duration 1m
    Ramp,
    /// Five steps up to the rate. Example: loadgen step --rate 500 --json
    Step,
    /// Calm, one short peak at the rate, calm. Example: loadgen spike --rate 500
    Spike,
    /// Three bursts with calm between them; the queue fills and drains. Example: loadgen bursts --seed 7
    Bursts,
    /// Warm-up, a storm in which a share of orders fails, recovery. Example: loadgen error-storm --share 0.5
    ErrorStorm,
    /// Warm-up, a storm in which a share of orders takes 3 s longer, recovery. Example: loadgen slow-storm --share 0.2
    SlowStorm,
    /// As fast as the connections go: a closed loop. Example: loadgen max --connections 64 --duration 10s
    Max,
}

impl Scenario {
    /// As on the command line.
    pub(crate) fn name(self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().into())
    }

    /// What the command line need not give: the shape, and how many connections are opened.
    pub(crate) const fn defaults(self) -> (Shape, usize) {
        let (rate, seconds, share, connections) = match self {
            Self::Steady => (50.0, 60, 0.0, 100),
            Self::Ramp | Self::Step => (300.0, 60, 0.0, 200),
            Self::Spike => (500.0, 60, 0.0, 1000),
            // A little above what 32 workers do: an order-service whose timers round up serves 342/s, not 353/s.
            Self::Bursts => (380.0, 100, 0.0, 1000),
            Self::ErrorStorm => (20.0, 110, 0.5, 100),
            Self::SlowStorm => (5.0, 110, 0.2, 100),
            Self::Max => (0.0, 10, 0.0, 64),
        };
        let duration = Duration::from_secs(seconds);
        (
            Shape {
                rate,
                duration,
                share,
            },
            connections,
        )
    }

    /// Whether it injects faults, so that `--share` means something.
    pub(crate) const fn has_faults(self) -> bool {
        matches!(self, Self::ErrorStorm | Self::SlowStorm)
    }

    /// What the demo stack shows when this runs with its defaults.
    pub(crate) const fn expectation(self) -> &'static str {
        match self {
            Self::Steady => "flat lines: 50 orders/s, p95 near 0.2 s, an empty queue; no alert",
            Self::Ramp => {
                "the order rate climbs in a straight line to 300/s; the queue stays short; no alert"
            }
            Self::Step => {
                "five steps in the order rate, 60/s each; the queue stays short; no alert"
            }
            Self::Spike => {
                "queue depth jumps to about 600 and drains in 2 s (353 orders/s leave it); no alert"
            }
            Self::Bursts => {
                "three times the queue fills to 300 to 500 and drains within 2 s (380/s come, about 350/s leave); no alert"
            }
            Self::ErrorStorm => {
                "HighErrorRate is pending as soon as over 20 % of 5 minutes' orders failed, and fires 2 minutes later"
            }
            Self::SlowStorm => {
                "HighLatency is pending as soon as p95 over 5 minutes is above 2 s, and fires 1 minute later"
            }
            Self::Max => {
                "the highest rate that this target and this machine reach together, which says nothing about latency at a given rate"
            }
        }
    }
}

/// What shapes a scenario.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Shape {
    /// Arrivals per second at its peak; zero in a closed loop.
    pub(crate) rate: f64,
    /// Length of the whole.
    pub(crate) duration: Duration,
    /// Share of misbehaving orders during a storm.
    pub(crate) share: f64,
}

/// Who decides when the next request is sent.
#[derive(Clone, Debug)]
pub(crate) enum Load {
    /// The schedule: open loop.
    Open(Arc<Profile>),
    /// The answer to the one before, for that long: closed loop.
    Closed(Duration),
}

/// A scenario made concrete.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// In the order of their first arrival.
    pub(crate) stages: Vec<Stage>,
    pub(crate) load: Load,
}

impl Plan {
    pub(crate) fn new(scenario: Scenario, shape: Shape) -> Self {
        if scenario == Scenario::Max {
            return Self {
                stages: vec![Stage {
                    name: "max".into(),
                    fault: None,
                }],
                load: Load::Closed(shape.duration),
            };
        }
        let order = match scenario {
            Scenario::ErrorStorm => Order::Failing,
            _ => Order::Slow,
        };
        let (mut stages, mut segments) = (Vec::<Stage>::new(), Vec::new());
        for (name, share, from, to) in pieces(scenario, shape.rate) {
            let known = stages.iter().position(|stage| stage.name == name);
            let stage = known.unwrap_or(stages.len());
            if known.is_none() {
                let fault = (name == STORM).then_some(Fault {
                    order,
                    share: shape.share,
                });
                stages.push(Stage { name, fault });
            }
            segments.push(Segment {
                stage,
                duration: shape.duration.mul_f64(share),
                from,
                to,
            });
        }
        Self {
            stages,
            load: Load::Open(Arc::new(Profile::new(segments))),
        }
    }

    /// When its last request may be sent.
    pub(crate) fn duration(&self) -> Duration {
        match &self.load {
            Load::Open(profile) => profile.duration(),
            Load::Closed(duration) => *duration,
        }
    }
}

/// A stretch of an open loop whose rate changes in a straight line: its stage, its part of the whole length, and its rate at start
/// and end.
type Piece = (String, f64, f64, f64);

fn pieces(scenario: Scenario, rate: f64) -> Vec<Piece> {
    let flat = |stage: &str, share: f64, rate: f64| (stage.to_owned(), share, rate, rate);
    let calm = rate * CALM;
    match scenario {
        Scenario::Steady => vec![flat("steady", 1.0, rate)],
        Scenario::Ramp => vec![("ramp".into(), 1.0, 0.0, rate)],
        Scenario::Step => (1..=STEPS)
            .map(|step| {
                let part = f64::from(step) / f64::from(STEPS);
                flat(&format!("step {step}"), 1.0 / f64::from(STEPS), rate * part)
            })
            .collect(),
        Scenario::Spike => vec![
            flat("before", 20.0 / 60.0, calm),
            flat("spike", 4.0 / 60.0, rate),
            flat("after", 36.0 / 60.0, calm),
        ],
        Scenario::Bursts => {
            let burst = || [flat("burst", 0.12, rate), flat("calm", 0.2, calm)];
            let mut pieces = vec![flat("warm-up", 0.04, calm)];
            pieces.extend([burst(), burst(), burst()].into_iter().flatten());
            pieces
        }
        Scenario::ErrorStorm | Scenario::SlowStorm => vec![
            flat("warm-up", 20.0 / 110.0, rate),
            flat(STORM, 60.0 / 110.0, rate),
            flat("recovery", 30.0 / 110.0, rate),
        ],
        Scenario::Max => Vec::new(),
    }
}
