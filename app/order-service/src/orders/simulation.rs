//! A batch of synthetic orders with an exact share of failures and of slow ones.

use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use serde::Serialize;
use tokio::time::Instant;

use super::{Admission, Order, OrderStatus, ServiceTime};

/// What to simulate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Simulation {
    pub(crate) count: usize,
    /// Share of them that fails, 0 to 1; exactly `round(count × error_rate)` do.
    pub(crate) error_rate: f64,
    /// Share of them that is slow, 0 to 1; exactly `round(count × slow_rate)` are.
    pub(crate) slow_rate: f64,
    /// What is added to the service time of a slow one.
    pub(crate) slowness: Duration,
    /// Decides which of them fail and which are slow. The same seed gives the same positions.
    pub(crate) seed: u64,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Summary {
    pub(crate) requested: usize,
    pub(crate) succeeded: usize,
    pub(crate) failed: usize,
    /// Orders refused because the service began to drain.
    pub(crate) rejected: usize,
    /// First order submitted to last order finished.
    pub(crate) duration_seconds: f64,
    /// Of the order durations, by nearest rank; null when none was finished, as the next two.
    pub(crate) p50_seconds: Option<f64>,
    pub(crate) p95_seconds: Option<f64>,
    pub(crate) max_seconds: Option<f64>,
    pub(crate) seed: u64,
}

impl Simulation {
    /// How long the batch takes on an idle pool: `(count × mean service time + slow orders × slowness) / workers`, and at
    /// least the slowness if an order is slow.
    pub(crate) fn expected_duration(&self, service_time: &ServiceTime, workers: usize) -> Duration {
        let slow = share(self.count, self.slow_rate);
        let work = service_time.mean().as_secs_f64() * self.count as f64
            + self.slowness.as_secs_f64() * slow as f64;
        let slowest = if slow > 0 {
            self.slowness
        } else {
            Duration::ZERO
        };
        Duration::from_secs_f64(work / workers as f64).max(slowest)
    }

    /// Submits the orders one after the other, waiting for room, and waits until the last is finished. Dropped half-way
    /// it submits no more; what was accepted is finished all the same.
    pub(crate) async fn run(&self, admission: &Admission) -> Summary {
        let started = Instant::now();
        let mut receipts = Vec::with_capacity(self.count);
        let mut rejected = 0;
        for order in self.orders() {
            match admission.accept_when_there_is_room(order).await {
                Ok(receipt) => receipts.push(receipt),
                Err(_draining) => rejected += 1,
            }
        }

        let mut durations = Vec::with_capacity(receipts.len());
        let mut succeeded = 0;
        for receipt in receipts {
            let finished = receipt.finished().await;
            durations.push(finished.duration.as_secs_f64());
            succeeded += usize::from(finished.status() == OrderStatus::Success);
        }
        durations.sort_by(f64::total_cmp);
        Summary {
            requested: self.count,
            succeeded,
            failed: durations.len() - succeeded,
            rejected,
            duration_seconds: started.elapsed().as_secs_f64(),
            p50_seconds: nearest_rank(&durations, 50),
            p95_seconds: nearest_rank(&durations, 95),
            max_seconds: durations.last().copied(),
            seed: self.seed,
        }
    }

    /// The orders in the sequence in which they are submitted.
    fn orders(&self) -> Vec<Order> {
        let mut rng = StdRng::seed_from_u64(self.seed);
        // Of all positions, exactly this share, shuffled.
        let mut marked = |rate| {
            let marked = share(self.count, rate);
            let mut marks: Vec<_> = (0..self.count).map(|position| position < marked).collect();
            marks.shuffle(&mut rng);
            marks
        };
        let (failing, slow) = (marked(self.error_rate), marked(self.slow_rate));
        let order = |(fail, slow)| Order {
            fail,
            slowness: if slow { self.slowness } else { Duration::ZERO },
        };
        failing.into_iter().zip(slow).map(order).collect()
    }
}

/// `round(count × rate)`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between 0 and count, since the rate is between 0 and 1"
)]
fn share(count: usize, rate: f64) -> usize {
    (count as f64 * rate).round() as usize
}

/// The nearest-rank percentile of sorted values: the smallest that at least `percent` % of them do not exceed.
fn nearest_rank(sorted: &[f64], percent: usize) -> Option<f64> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn simulation(count: usize, error_rate: f64, slow_rate: f64, seed: u64) -> Simulation {
        Simulation {
            count,
            error_rate,
            slow_rate,
            slowness: Duration::from_secs(3),
            seed,
        }
    }

    proptest! {
        #[test]
        fn fails_and_slows_exactly_the_rounded_share(
            count in 1_usize..=10_000,
            error_rate in 0.0..=1.0,
            slow_rate in 0.0..=1.0,
            seed: u64,
        ) {
            let orders = simulation(count, error_rate, slow_rate, seed).orders();
            let expected = |rate: f64| (count as f64 * rate).round();
            let near = |found: usize, rate| (found as f64 - expected(rate)).abs() < 0.5;
            prop_assert_eq!(orders.len(), count);
            let failing = orders.iter().filter(|order| order.fail).count();
            let slow = orders.iter().filter(|order| !order.slowness.is_zero()).count();
            prop_assert!(near(failing, error_rate), "{failing} fail");
            prop_assert!(near(slow, slow_rate), "{slow} are slow");
        }

        #[test]
        fn nearest_rank_is_a_value_that_the_percentage_does_not_exceed(
            mut values in prop::collection::vec(0.0..100.0, 1..200),
            percent in 1_usize..=100,
        ) {
            values.sort_by(f64::total_cmp);
            let found = nearest_rank(&values, percent).expect("there are values");
            let at_or_below = values.iter().filter(|value| **value <= found).count();
            let below = values.iter().filter(|value| **value < found).count();
            prop_assert!(at_or_below * 100 >= values.len() * percent);
            prop_assert!(below * 100 < values.len() * percent);
        }
    }

    #[test]
    fn the_seed_alone_decides_the_positions() {
        let orders = |seed| simulation(100, 0.3, 0.3, seed).orders();
        assert_eq!(orders(7), orders(7));
        assert_ne!(orders(7), orders(8));
    }

    #[test]
    fn expects_the_work_shared_among_the_workers_or_the_slowest_order() {
        let constant = ServiceTime::new(Duration::from_millis(100), 0.0);
        let seconds =
            |simulation: Simulation| simulation.expected_duration(&constant, 10).as_secs_f64();
        assert!((seconds(simulation(1_000, 0.0, 0.0, 1)) - 10.0).abs() < 1e-6);
        assert!((seconds(simulation(1_000, 0.0, 0.5, 1)) - 160.0).abs() < 1e-6);
        assert!((seconds(simulation(1, 0.0, 1.0, 1)) - 3.0).abs() < 1e-6);
    }
}
