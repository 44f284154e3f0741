//! What the threads of a run see of one another.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

use super::queue::ArrivalQueue;
use crate::clock::{Clock, Moment};

/// Shared by pacer and workers.
#[derive(Debug)]
pub(super) struct Shared {
    /// Zero is the schedule's start.
    pub(super) clock: Clock,
    /// What is to be sent.
    pub(super) queue: ArrivalQueue,
    /// How long after its intended instant an arrival is given up.
    pub(super) timeout: Duration,
    pub(super) length: Duration,
    /// One for each worker.
    pub(super) statuses: Vec<WorkerStatus>,
}

/// How others see a worker, and how they wake it.
#[derive(Debug)]
pub(super) struct WorkerStatus {
    idle: AtomicUsize,
    /// From when on some connection of this worker has been free without a break.
    free_since: Moment,
    /// Notified when something is due.
    pub(super) wake: Notify,
}

impl WorkerStatus {
    /// A worker without free connections.
    pub(super) fn closed() -> Self {
        Self {
            idle: AtomicUsize::new(0),
            free_since: Moment::never(),
            wake: Notify::new(),
        }
    }

    /// Says how many connections are free from `now` on. Called by its worker only.
    pub(super) fn set_idle(&self, idle: usize, now: Duration) {
        let before = self.idle.swap(idle, Ordering::SeqCst);
        match (before, idle) {
            (_, 0) => self.free_since.set(None),
            (0, _) => self.free_since.set(Some(now)),
            _ => {}
        }
    }
}

impl Shared {
    /// Since when some connection has been free without a break; `now` if none is.
    pub(super) fn free_since(&self, now: Duration) -> Duration {
        let earliest = self
            .statuses
            .iter()
            .filter_map(|status| status.free_since.get())
            .min();
        earliest.map_or(now, |since| since.min(now))
    }

    /// Wakes the first worker, counted from `turn`, that has a free connection. If none has, nobody needs to be woken: the
    /// next connection to become free takes what is due.
    pub(super) fn wake_one(&self, turn: usize) {
        let statuses = self
            .statuses
            .iter()
            .cycle()
            .skip(turn % self.statuses.len())
            .take(self.statuses.len());
        if let Some(status) = statuses
            .into_iter()
            .find(|status| status.idle.load(Ordering::SeqCst) > 0)
        {
            status.wake.notify_one();
        }
    }

    pub(super) fn wake_all(&self) {
        for status in &self.statuses {
            status.wake.notify_one();
        }
    }

    /// When the schedule ends, or was ended.
    pub(super) fn end(&self) -> Duration {
        self.queue.stopped().unwrap_or(self.length).min(self.length)
    }

    pub(super) fn stop(&self) {
        self.queue.stop(self.clock.now());
        self.wake_all();
    }
}
