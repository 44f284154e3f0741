//! The queue of arrivals, which is no queue: the next one is computed when somebody is free to send it.
//!
//! Whatever waits for a free connection takes no memory, however long the target is frozen.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::schedule::{Arrival, Arrivals, Order};

/// Gives out arrivals in order.
#[derive(Debug)]
pub(super) struct Agenda {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    source: Source,
    /// Arrivals given out.
    given: u64,
    /// When the run was stopped early.
    stopped: Option<Duration>,
}

#[derive(Debug)]
enum Source {
    /// Open loop: what is next, and what follows.
    Open {
        next: Option<Arrival>,
        rest: Box<Arrivals>,
    },
    /// Closed loop: always due, until then.
    Closed { end: Duration },
}

/// What there is to do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Next {
    /// Send this.
    Due(Arrival),
    /// This was due when the run was stopped; it is not sent any more.
    Dropped(Arrival),
    /// Nothing yet.
    Later,
    /// Nothing ever again.
    Over,
}

impl Agenda {
    /// An open loop.
    pub(super) fn open(mut arrivals: Arrivals) -> Self {
        let next = arrivals.next();
        Self::new(Source::Open {
            next,
            rest: Box::new(arrivals),
        })
    }

    /// A closed loop until `end`.
    pub(super) fn closed(end: Duration) -> Self {
        Self::new(Source::Closed { end })
    }

    fn new(source: Source) -> Self {
        Self {
            state: Mutex::new(State {
                source,
                given: 0,
                stopped: None,
            }),
        }
    }

    /// Takes the next arrival if it is due at `now`.
    pub(super) fn take(&self, now: Duration) -> Next {
        let mut state = self.lock();
        let taken = state.take(now);
        if matches!(taken, Next::Due(_) | Next::Dropped(_)) {
            state.given += 1;
        }
        taken
    }

    /// Ends the schedule at `now`.
    pub(super) fn stop(&self, now: Duration) {
        self.lock().stopped.get_or_insert(now);
    }

    /// When the run was stopped early.
    pub(super) fn stopped(&self) -> Option<Duration> {
        self.lock().stopped
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
    fn take(&mut self, now: Duration) -> Next {
        match (&mut self.source, self.stopped) {
            (Source::Closed { .. }, Some(_)) | (Source::Open { next: None, .. }, _) => Next::Over,
            (Source::Closed { end }, None) if now >= *end => Next::Over,
            (Source::Closed { .. }, None) => Next::Due(Arrival {
                intended: now,
                stage: 0,
                order: Order::Plain,
            }),
            (
                Source::Open {
                    next: Some(arrival),
                    ..
                },
                None,
            ) if arrival.intended > now => Next::Later,
            (
                Source::Open {
                    next: Some(arrival),
                    ..
                },
                Some(end),
            ) if arrival.intended > end => Next::Over,
            (
                Source::Open {
                    next: Some(arrival),
                    rest,
                },
                stopped,
            ) => {
                let taken = *arrival;
                match rest.next() {
                    Some(following) => *arrival = following,
                    None => {
                        self.source = Source::Open {
                            next: None,
                            rest: rest.clone(),
                        }
                    }
                }
                if stopped.is_some() {
                    Next::Dropped(taken)
                } else {
                    Next::Due(taken)
                }
            }
        }
    }
}
