//! From a scenario's name and settings to stages and a rate over time.

use std::sync::Arc;
use std::time::Duration;

use super::Scenario;
use crate::schedule::{Fault, Order, Profile, Segment, Stage};

/// Calm stretches of `spike` and `bursts` run at this share of the rate.
const CALM: f64 = 0.05;
/// Steps of `step`.
const STEPS: u32 = 5;
/// Bursts of `bursts`.
const BURSTS: usize = 3;

/// What shapes a scenario.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    /// Arrivals per second at its peak.
    pub rate: f64,
    /// Its length.
    pub duration: Duration,
    /// Share of misbehaving orders during a storm.
    pub share: f64,
}

/// Who decides when the next request is sent.
#[derive(Clone, Debug)]
pub enum Load {
    /// The schedule: open loop.
    Open(Arc<Profile>),
    /// The answer to the one before, for that long: closed loop.
    Closed(Duration),
}

/// A scenario made concrete.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Its stages, in the order of their first arrival.
    pub stages: Vec<Stage>,
    /// Its load.
    pub load: Load,
}

impl Plan {
    /// The plan of a scenario.
    pub fn new(scenario: Scenario, shape: Shape) -> Self {
        let Shape {
            rate,
            duration,
            share,
        } = shape;
        let calm = rate * CALM;
        let mut draft = Draft::new(duration);
        match scenario {
            Scenario::Steady => draft.flat("steady", 1.0, rate),
            Scenario::Ramp => draft.piece("ramp", 1.0, rate_from_zero(rate)),
            Scenario::Step => {
                for step in 1..=STEPS {
                    let height = rate * f64::from(step) / f64::from(STEPS);
                    draft.flat(&format!("step {step}"), 1.0 / f64::from(STEPS), height);
                }
            }
            Scenario::Spike => {
                draft.flat("before", 20.0 / 60.0, calm);
                draft.flat("spike", 4.0 / 60.0, rate);
                draft.flat("after", 36.0 / 60.0, calm);
            }
            Scenario::Bursts => {
                draft.flat("warm-up", 0.04, calm);
                for _ in 0..BURSTS {
                    draft.flat("burst", 0.12, rate);
                    draft.flat("calm", 0.2, calm);
                }
            }
            Scenario::ErrorStorm | Scenario::SlowStorm => {
                draft.flat("warm-up", 20.0 / 110.0, rate);
                draft.flat("storm", 60.0 / 110.0, rate);
                draft.flat("recovery", 30.0 / 110.0, rate);
            }
            Scenario::Max => return Self::closed(duration),
        }
        let order = if scenario == Scenario::ErrorStorm {
            Order::Failing
        } else {
            Order::Slow
        };
        if scenario.has_faults() {
            draft.fault_in("storm", Fault { order, share });
        }
        draft.into_plan()
    }

    /// A closed loop of that length.
    fn closed(duration: Duration) -> Self {
        Self {
            stages: vec![Stage {
                name: "max".into(),
                fault: None,
            }],
            load: Load::Closed(duration),
        }
    }

    /// When its last request may be sent.
    pub fn duration(&self) -> Duration {
        match &self.load {
            Load::Open(profile) => profile.duration(),
            Load::Closed(duration) => *duration,
        }
    }
}

/// Stages and pieces as they are put together.
struct Draft {
    duration: Duration,
    stages: Vec<Stage>,
    segments: Vec<Segment>,
}

/// Rates at the start and at the end of a piece.
type Slope = (f64, f64);

fn rate_from_zero(rate: f64) -> Slope {
    (0.0, rate)
}

impl Draft {
    fn new(duration: Duration) -> Self {
        Self {
            duration,
            stages: Vec::new(),
            segments: Vec::new(),
        }
    }

    /// A piece of one rate, `share` of the whole length.
    fn flat(&mut self, stage: &str, share: f64, rate: f64) {
        self.piece(stage, share, (rate, rate));
    }

    fn piece(&mut self, stage: &str, share: f64, (from, to): Slope) {
        let known = self.stages.iter().position(|known| known.name == stage);
        let index = known.unwrap_or_else(|| {
            self.stages.push(Stage {
                name: stage.into(),
                fault: None,
            });
            self.stages.len() - 1
        });
        self.segments.push(Segment {
            stage: index,
            duration: self.duration.mul_f64(share),
            from,
            to,
        });
    }

    fn fault_in(&mut self, name: &str, fault: Fault) {
        for stage in self.stages.iter_mut().filter(|stage| stage.name == name) {
            stage.fault = Some(fault);
        }
    }

    fn into_plan(self) -> Plan {
        Plan {
            stages: self.stages,
            load: Load::Open(Arc::new(Profile::new(self.segments))),
        }
    }
}
