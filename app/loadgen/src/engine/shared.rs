//! What the threads of a run see of one another, and the queue from which they take arrivals.
//!
//! The queue stores none of them: the next one is computed when a connection is free to send it. Whatever waits for a free connection
//! takes no memory, however long the target is frozen.

use std::iter::Peekable;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use tokio::sync::Notify;

use crate::clock::Clock;
use crate::schedule::{Arrival, Arrivals, Order};

/// Shared by pacer and workers.
#[derive(Debug)]
pub(super) struct Shared {
    /// Zero is the schedule's start.
    pub(super) clock: Clock,
    pub(super) queue: ArrivalQueue,
    /// How long after its intended instant an arrival is given up.
    pub(super) timeout: Duration,
    pub(super) length: Duration,
    /// One for each worker.
    pub(super) statuses: Vec<WorkerStatus>,
}

/// How others see a worker, and how they wake it.
#[derive(Debug, Default)]
pub(super) struct WorkerStatus {
    idle: AtomicUsize,
    /// From when on some connection of this worker has been free without a break.
    free_since: Moment,
    /// Where its idle connections wait, the longest idle first, so that all of them, and so all addresses, get their turn.
    pub(super) wake: Notify,
}

impl WorkerStatus {
    /// One more connection is free, from `now` on.
    pub(super) fn add_idle(&self, now: Duration) {
        if self.idle.fetch_add(1, Ordering::SeqCst) == 0 {
            self.free_since.set(Some(now));
        }
    }

    pub(super) fn remove_idle(&self) {
        if self.idle.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.free_since.set(None);
        }
    }
}

impl Shared {
    /// Since when some connection has been free without a break; `now` if none is.
    pub(super) fn free_since(&self, now: Duration) -> Duration {
        let statuses = self.statuses.iter();
        let earliest = statuses.filter_map(|status| status.free_since.get()).min();
        earliest.map_or(now, |since| since.min(now))
    }

    /// Wakes the first worker, counted from `turn`, that has a free connection. If none has, nobody needs to be woken: the
    /// next connection to become free takes what is due.
    pub(super) fn wake_one(&self, turn: usize) {
        let (before, after) = self.statuses.split_at(turn % self.statuses.len());
        let mut statuses = after.iter().chain(before);
        if let Some(status) = statuses.find(|it| it.idle.load(Ordering::SeqCst) > 0) {
            status.wake.notify_one();
        }
    }

    pub(super) fn wake_all(&self) {
        let wakes = self.statuses.iter().map(|status| &status.wake);
        wakes.for_each(Notify::notify_waiters);
    }

    /// When the schedule ends, or was ended.
    pub(super) fn end(&self) -> Duration {
        let stopped = self.queue.stopped.get();
        stopped.map_or(self.length, |stopped| stopped.min(self.length))
    }

    pub(super) fn stop(&self) {
        if self.queue.stopped.get().is_none() {
            self.queue.stopped.set(Some(self.clock.now()));
        }
        self.wake_all();
    }
}

/// Gives out arrivals in order.
#[derive(Debug)]
pub(super) struct ArrivalQueue {
    state: Mutex<State>,
    /// When the next arrival of an open loop is due.
    next: Moment,
    /// When the run was stopped early.
    pub(super) stopped: Moment,
}

#[derive(Debug)]
struct State {
    source: Source,
    /// Arrivals given out.
    given: u64,
}

#[derive(Debug)]
pub(super) enum Source {
    /// Open loop: what follows.
    Open(Box<Peekable<Arrivals>>),
    /// Closed loop: always due, until then.
    Closed { end: Duration },
}

impl ArrivalQueue {
    pub(super) fn new(source: Source) -> Self {
        let queue = Self {
            state: Mutex::new(State { source, given: 0 }),
            next: Moment::default(),
            stopped: Moment::default(),
        };
        queue.next.set(queue.lock().next());
        queue
    }

    /// Takes the next arrival: pending until one is due at `now`, or when the run was stopped; `None` after the last.
    pub(super) fn take(&self, now: Duration, stopped: Option<Duration>) -> Poll<Option<Arrival>> {
        let mut state = self.lock();
        let taken = state.take(now, stopped);
        if let Poll::Ready(Some(_)) = taken {
            state.given += 1;
            self.next.set(state.next());
        }
        taken
    }

    /// Whether an arrival of an open loop is due at `now`. Takes no lock.
    pub(super) fn has_due(&self, now: Duration) -> bool {
        self.next.get().is_some_and(|next| next <= now)
    }

    /// How many arrivals were given out.
    pub(super) fn given(&self) -> u64 {
        self.lock().given
    }

    /// Nothing that holds the lock can panic half-way.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// When the next arrival of an open loop is due.
    fn next(&mut self) -> Option<Duration> {
        match &mut self.source {
            Source::Open(arrivals) => arrivals.peek().map(|arrival| arrival.intended),
            Source::Closed { .. } => None,
        }
    }

    fn take(&mut self, now: Duration, stopped: Option<Duration>) -> Poll<Option<Arrival>> {
        match &mut self.source {
            Source::Closed { end } => {
                let is_over = stopped.is_some() || now >= *end;
                Poll::Ready((!is_over).then_some(Arrival {
                    intended: now,
                    stage: 0,
                    order: Order::Plain,
                }))
            }
            Source::Open(arrivals) => {
                let latest = stopped.unwrap_or(now);
                match arrivals.next_if(|arrival| arrival.intended <= latest) {
                    None if stopped.is_none() && arrivals.peek().is_some() => Poll::Pending,
                    taken => Poll::Ready(taken),
                }
            }
        }
    }
}

const NEVER: u64 = u64::MAX;

/// A moment that one thread sets and others read, without a lock: nanoseconds since the run's start, or [`NEVER`].
#[derive(Debug)]
pub(super) struct Moment(AtomicU64);

impl Default for Moment {
    fn default() -> Self {
        Self(AtomicU64::new(NEVER))
    }
}

impl Moment {
    fn set(&self, time: Option<Duration>) {
        let nanos = time.map_or(NEVER, |time| {
            time.as_secs() * 1_000_000_000 + u64::from(time.subsec_nanos())
        });
        self.0.store(nanos, Ordering::SeqCst);
    }

    pub(super) fn get(&self) -> Option<Duration> {
        let nanos = self.0.load(Ordering::SeqCst);
        (nanos != NEVER).then(|| Duration::from_nanos(nanos))
    }
}
