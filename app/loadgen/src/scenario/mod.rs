//! The named loads: what each is for, its defaults, and what to expect of the demo stack.
//!
//! Defaults fit order-service's own (32 workers, mean 91 ms, so 353 orders/s) and end within two minutes. How a name and
//! its settings become a rate over time: [`shape`].

pub mod shape;

use std::time::Duration;

use clap::ValueEnum;

pub use shape::{Load, Plan, Shape};

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
    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Steady => "steady",
            Self::Ramp => "ramp",
            Self::Step => "step",
            Self::Spike => "spike",
            Self::Bursts => "bursts",
            Self::ErrorStorm => "error-storm",
            Self::SlowStorm => "slow-storm",
            Self::Max => "max",
        }
    }

    /// Its settings where the command line gives none.
    pub const fn defaults(self) -> Defaults {
        let (rate, seconds, connections) = match self {
            Self::Steady => (50.0, 60, 100),
            Self::Ramp | Self::Step => (300.0, 60, 200),
            Self::Spike => (500.0, 60, 1000),
            // A little above what 32 workers do: an order-service whose timers round up serves 342/s, not 353/s.
            Self::Bursts => (380.0, 100, 1000),
            Self::ErrorStorm => (20.0, 110, 100),
            Self::SlowStorm => (5.0, 110, 100),
            Self::Max => (0.0, 10, 64),
        };
        let share = match self {
            Self::ErrorStorm => 0.5,
            Self::SlowStorm => 0.2,
            _ => 0.0,
        };
        Defaults {
            rate,
            duration: Duration::from_secs(seconds),
            connections,
            share,
        }
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

/// A scenario's settings where the command line gives none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Defaults {
    /// Arrivals per second at its peak; zero in a closed loop.
    pub rate: f64,
    /// Its length.
    pub duration: Duration,
    /// How many connections it opens.
    pub connections: usize,
    /// Share of misbehaving orders during the storm.
    pub share: f64,
}
