//! What the threads of a run see of one another.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

use super::agenda::Agenda;
use super::moment::Moment;
use crate::clock::Clock;

/// Shared by pacer and workers.
#[derive(Debug)]
pub(super) struct Floor {
    /// Zero is the schedule's start.
    pub(super) clock: Clock,
    /// What is to be sent.
    pub(super) agenda: Agenda,
    /// How long after its intended instant an arrival is given up.
    pub(super) timeout: Duration,
    /// Length of the schedule.
    pub(super) length: Duration,
    /// One door to each worker.
    pub(super) doors: Vec<Door>,
}

/// How others see a worker, and how they wake it.
#[derive(Debug)]
pub(super) struct Door {
    idle: AtomicUsize,
    /// From when on some connection of this worker has been free without a break.
    free_since: Moment,
    /// Rung when something is due.
    pub(super) bell: Notify,
}

impl Door {
    /// A worker without free connections.
    pub(super) fn closed() -> Self {
        Self {
            idle: AtomicUsize::new(0),
            free_since: Moment::never(),
            bell: Notify::new(),
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

impl Floor {
    /// Since when some connection has been free without a break; `now` if none is.
    pub(super) fn free_since(&self, now: Duration) -> Duration {
        let earliest = self
            .doors
            .iter()
            .filter_map(|door| door.free_since.get())
            .min();
        earliest.map_or(now, |since| since.min(now))
    }

    /// Wakes the first worker, counted from `turn`, that has a free connection. If none has, nobody needs to be woken: the
    /// next connection to become free takes what is due.
    pub(super) fn ring(&self, turn: usize) {
        let doors = self
            .doors
            .iter()
            .cycle()
            .skip(turn % self.doors.len())
            .take(self.doors.len());
        if let Some(door) = doors
            .into_iter()
            .find(|door| door.idle.load(Ordering::SeqCst) > 0)
        {
            door.bell.notify_one();
        }
    }

    /// Wakes everybody.
    pub(super) fn ring_all(&self) {
        for door in &self.doors {
            door.bell.notify_one();
        }
    }

    /// When the schedule ends, or was ended.
    pub(super) fn end(&self) -> Duration {
        self.agenda
            .stopped()
            .unwrap_or(self.length)
            .min(self.length)
    }

    /// Ends the schedule now.
    pub(super) fn stop(&self) {
        self.agenda.stop(self.clock.now());
        self.ring_all();
    }
}
