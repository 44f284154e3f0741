//! The pacing thread: sleeps to the absolute instant of what is due next, then wakes a worker.
//!
//! It follows its own copy of the schedule and never waits for anybody, so a slow target can't slow it down.

use std::time::Duration;

use super::shared::Shared;
use crate::clock::{ThreadUse, wake_exactly};
use crate::schedule::Arrivals;

/// Shortest time between two wake-ups: arrivals closer together are sent together, up to this much late. A wake-up costs
/// up to 20 us of processor time on a small virtual machine: this keeps pacing to a tenth of a core at any rate.
const QUANTUM: Duration = Duration::from_micros(200);

/// Longest sleep, so that a stopped run ends promptly.
const NAP: Duration = Duration::from_millis(50);

/// Wakes workers until nothing is due any more, and returns the processor time that took.
pub(super) fn pace(shared: &Shared, mut arrivals: Arrivals) -> Duration {
    wake_exactly();
    let before = ThreadUse::now();
    let mut next = arrivals.next();
    let mut earliest = Duration::ZERO;
    let mut turn = 0;
    shared.clock.sleep_until(Duration::ZERO);
    while let Some(due) = next {
        let wake = due.intended.max(earliest);
        if !slept_until(shared, wake) {
            break;
        }
        let now = shared.clock.now();
        while next.is_some_and(|arrival| arrival.intended <= now) {
            next = arrivals.next();
        }
        // Freed connections take what is due by themselves.
        if shared.queue.has_due(now) {
            shared.wake_one(turn);
            turn = turn.wrapping_add(1);
        }
        earliest = wake + QUANTUM;
    }
    shared.wake_all();
    ThreadUse::now().since(before).cpu
}

/// Whether the moment came before the run was stopped.
fn slept_until(shared: &Shared, wake: Duration) -> bool {
    loop {
        if shared.queue.stopped().is_some() {
            return false;
        }
        let now = shared.clock.now();
        if now >= wake {
            return true;
        }
        shared.clock.sleep_until(wake.min(now + NAP));
    }
}
