//! A moment that one thread sets and others read, without a lock.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Stands for "no moment".
const NEVER: u64 = u64::MAX;

/// Nanoseconds since the run's start, or [`NEVER`].
#[derive(Debug)]
pub(super) struct Moment(AtomicU64);

impl Moment {
    /// None yet.
    pub(super) const fn never() -> Self {
        Self(AtomicU64::new(NEVER))
    }

    /// Takes this one instead.
    pub(super) fn set(&self, time: Option<Duration>) {
        self.0.store(nanos(time), Ordering::SeqCst);
    }

    /// Takes this one unless there is one already.
    pub(super) fn set_once(&self, time: Duration) {
        let order = Ordering::SeqCst;
        let _there_is_one = self
            .0
            .compare_exchange(NEVER, nanos(Some(time)), order, order);
    }

    /// The moment, if there is one.
    pub(super) fn get(&self) -> Option<Duration> {
        let nanos = self.0.load(Ordering::SeqCst);
        (nanos != NEVER).then(|| Duration::from_nanos(nanos))
    }
}

/// Runs are shorter than 584 years.
fn nanos(time: Option<Duration>) -> u64 {
    time.map_or(NEVER, |time| {
        u64::try_from(time.as_nanos()).unwrap_or(NEVER - 1)
    })
}
