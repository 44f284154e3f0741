//! When each arrival is due: pure mathematics, no clock.
//!
//! [`profile`] holds the rate over time, its integral (how many arrivals are due by then) and the inverse of that (when the
//! k-th is due). Here the arrivals are walked through one after another, evenly or as a Poisson process, without storing any. Two
//! walks over the same plan and seed give the same arrivals: the pacer and the workers each take their own. Which profiles exist
//! under which names: [`scenario`](crate::scenario). Who waits for them: [`engine`](crate::engine).

mod profile;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

pub(crate) use profile::{Profile, Segment};

/// A named generator rather than the crate's default one, so that a seed means the same in every version.
type Random = Xoshiro256PlusPlus;

/// Keeps the choice of misbehaving orders independent of the choice of instants.
const FAULT_STREAM: u64 = 0x9E37_79B9_7F4A_7C15;

/// What is asked of the target: an order, perhaps one that is forced to fail or to be slow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Plain,
    Failing,
    Slow,
}

/// Misbehaviour of an exact share of a stage's orders.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Fault {
    pub(crate) order: Order,
    /// Their share, 0 to 1: exactly `round(arrivals × share)` of them, positions shuffled by the seed.
    pub(crate) share: f64,
}

/// A part of the run that is reported by itself.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stage {
    pub(crate) name: String,
    /// Which of its orders misbehave.
    pub(crate) fault: Option<Fault>,
}

/// How arrivals are spread around the asked rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ArrivalProcess {
    Even,
    /// A Poisson process of that rate, by time rescaling: unit exponential gaps, mapped through the inverse.
    Poisson,
}

/// One request that is to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Arrival {
    /// When it is due, since the run's start.
    pub(crate) intended: Duration,
    /// Index in the plan.
    pub(crate) stage: usize,
    pub(crate) order: Order,
}

/// Walks through the arrivals of a run in order.
#[derive(Clone, Debug)]
pub(crate) struct Arrivals {
    profile: Arc<Profile>,
    instants: Instants,
    sampled: Vec<Option<Sampler>>,
    fault_rng: Random,
}

impl Arrivals {
    /// The arrivals of `profile` with these stages. Faults cost one extra walk, which counts
    /// the arrivals of each stage.
    pub(crate) fn new(
        profile: Arc<Profile>,
        stages: &[Stage],
        process: ArrivalProcess,
        seed: u64,
    ) -> Self {
        let instants = Instants::new(&profile, process, seed);
        let mut counts = vec![0_u64; stages.len()];
        if stages.iter().any(|stage| stage.fault.is_some()) {
            let mut walk = instants.clone();
            while let Some((_, stage)) = walk.next(&profile) {
                counts[stage] += 1;
            }
        }
        let sampled = stages
            .iter()
            .zip(counts)
            .map(|(stage, count)| stage.fault.map(|fault| Sampler::new(fault, count)))
            .collect();
        let fault_rng = Random::seed_from_u64(seed ^ FAULT_STREAM);
        Self {
            profile,
            instants,
            sampled,
            fault_rng,
        }
    }
}

impl Iterator for Arrivals {
    type Item = Arrival;

    fn next(&mut self) -> Option<Arrival> {
        let (intended, stage) = self.instants.next(&self.profile)?;
        let order = match self.sampled.get_mut(stage) {
            Some(Some(sampler)) => sampler.next(&mut self.fault_rng),
            _ => Order::Plain,
        };
        Some(Arrival {
            intended,
            stage,
            order,
        })
    }
}

/// How many arrivals are expected before the next one.
#[derive(Clone, Debug)]
enum Instants {
    Even { next: u64, count: u64 },
    Poisson { reached: f64, rng: Random },
}

impl Instants {
    fn new(profile: &Profile, process: ArrivalProcess, seed: u64) -> Self {
        match process {
            ArrivalProcess::Even => Self::Even {
                next: 0,
                count: profile.count(),
            },
            ArrivalProcess::Poisson => Self::Poisson {
                reached: 0.0,
                rng: Random::seed_from_u64(seed),
            },
        }
    }

    fn next(&mut self, profile: &Profile) -> Option<(Duration, usize)> {
        match self {
            Self::Even { next, count } => {
                let k = (*next < *count).then_some(*next)?;
                *next += 1;
                profile.instant_of(k as f64)
            }
            Self::Poisson { reached, rng } => {
                // 1 − u lies in (0, 1]: the logarithm is finite.
                *reached -= (1.0 - rng.random::<f64>()).ln();
                profile.instant_of(*reached)
            }
        }
    }
}

/// Selection sampling (Knuth, The Art of Computer Programming, volume 2, 3.4.2, algorithm S): exactly `wanted` of `left`,
/// every choice equally likely, nothing stored.
#[derive(Clone, Debug)]
struct Sampler {
    order: Order,
    wanted: u64,
    left: u64,
}

impl Sampler {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of at most one of a count below 2^53"
    )]
    fn new(fault: Fault, count: u64) -> Self {
        Self {
            order: fault.order,
            wanted: (count as f64 * fault.share).round() as u64,
            left: count,
        }
    }

    fn next(&mut self, rng: &mut Random) -> Order {
        let chosen = self.left > 0 && rng.random_range(0..self.left) < self.wanted;
        self.left = self.left.saturating_sub(1);
        if chosen {
            self.wanted -= 1;
            return self.order;
        }
        Order::Plain
    }
}
