//! When each arrival is due: pure mathematics, no clock.
//!
//! [`profile`] holds the rate over time, its integral (how many arrivals are due by then) and the inverse of that (when the
//! k-th is due). Here the arrivals are walked through one after another, evenly or as a Poisson process, without storing any. Two walks over the same plan and seed give the same arrivals: the
//! pacer and the workers each take their own. Which profiles exist under which names: [`scenario`](crate::scenario). Who waits for them:
//! [`engine`](crate::engine).

mod profile;

use std::sync::Arc;
use std::time::Duration;

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

pub use profile::{Profile, Segment};

/// A named generator rather than the crate's default one, so that a seed means the same in every version.
type Random = Xoshiro256PlusPlus;

/// Keeps the choice of misbehaving orders independent of the choice of instants.
const FAULT_STREAM: u64 = 0x9E37_79B9_7F4A_7C15;

/// What is asked of the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// A healthy order.
    Plain,
    /// One that is forced to fail.
    Failing,
    /// One that is forced to be slow.
    Slow,
}

/// Misbehaviour of an exact share of a stage's orders.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fault {
    /// What those orders are.
    pub order: Order,
    /// Their share, 0 to 1: exactly `round(arrivals × share)` of them, positions shuffled by the seed.
    pub share: f64,
}

/// A part of the run that is reported by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// Its name in panel and summary.
    pub name: String,
    /// Which of its orders misbehave.
    pub fault: Option<Fault>,
}

/// How arrivals lie around the asked rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spacing {
    /// As evenly as the rate allows.
    Even,
    /// A Poisson process of that rate, by time rescaling: unit exponential gaps, mapped through the inverse.
    Poisson,
}

/// One request that is to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// When it is due, since the run's start.
    pub intended: Duration,
    /// Index of its stage.
    pub stage: usize,
    /// What is asked.
    pub order: Order,
}

/// Walks through the arrivals of a run in order.
#[derive(Clone, Debug)]
pub struct Arrivals {
    profile: Arc<Profile>,
    instants: Instants,
    picks: Vec<Option<Pick>>,
    fault_rng: Random,
}

impl Arrivals {
    /// The arrivals of `profile` with these stages. Faults cost one extra walk, which counts
    /// the arrivals of each stage.
    pub fn new(profile: Arc<Profile>, stages: &[Stage], spacing: Spacing, seed: u64) -> Self {
        let instants = Instants::new(&profile, spacing, seed);
        let mut counts = vec![0_u64; stages.len()];
        if stages.iter().any(|stage| stage.fault.is_some()) {
            let mut walk = instants.clone();
            while let Some((_, stage)) = walk.next(&profile) {
                counts[stage] += 1;
            }
        }
        let picks = stages
            .iter()
            .zip(counts)
            .map(|(stage, count)| stage.fault.map(|fault| Pick::new(fault, count)))
            .collect();
        let fault_rng = Random::seed_from_u64(seed ^ FAULT_STREAM);
        Self {
            profile,
            instants,
            picks,
            fault_rng,
        }
    }
}

impl Iterator for Arrivals {
    type Item = Arrival;

    fn next(&mut self) -> Option<Arrival> {
        let (intended, stage) = self.instants.next(&self.profile)?;
        let order = match self.picks.get_mut(stage) {
            Some(Some(pick)) => pick.next(&mut self.fault_rng),
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
    fn new(profile: &Profile, spacing: Spacing, seed: u64) -> Self {
        match spacing {
            Spacing::Even => Self::Even {
                next: 0,
                count: profile.count(),
            },
            Spacing::Poisson => Self::Poisson {
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
struct Pick {
    order: Order,
    wanted: u64,
    left: u64,
}

impl Pick {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
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
