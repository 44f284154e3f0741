//! The connections of one worker that wait for something to do, and how they get it.
//!
//! Lives on one thread; what other threads may know of it is in [`floor`](super::floor).

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use super::agenda::Next;
use super::floor::{Door, Floor};
use super::{SharedBook, lock};
use crate::clock::ThreadUse;
use crate::ledger::{Class, Entry, Strain, Timing};
use crate::schedule::Arrival;

/// One worker's connections and accounts.
pub(super) struct Crew {
    pub(super) floor: Arc<Floor>,
    /// Index of this worker's door.
    pub(super) index: usize,
    pub(super) book: SharedBook,
    strain: RefCell<Strain>,
    /// Free connections, the longest free first, so that all of them, and so all addresses, get their turn.
    idle: RefCell<VecDeque<Rc<Seat>>>,
}

/// Where a free connection waits.
#[derive(Default)]
pub(super) struct Seat {
    call: Cell<Option<Call>>,
    waker: Cell<Option<Waker>>,
}

/// What a connection is called for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Call {
    /// Send this.
    Work(Job),
    /// There will be no more.
    Home,
}

/// An arrival on its way to a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Job {
    pub(super) arrival: Arrival,
    /// Since when a connection had been free for it: lag from then on is the generator's own.
    pub(super) free_since: Duration,
}

impl Seat {
    /// The call, if there is one; otherwise it remembers what to wake.
    pub(super) fn answer(&self, waker: &Waker) -> Option<Call> {
        let call = self.call.take();
        if call.is_none() {
            self.waker.set(Some(waker.clone()));
        }
        call
    }

    fn call(&self, call: Call) {
        self.call.set(Some(call));
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

impl Crew {
    /// A worker without free connections. Made, and used, on the worker's own thread.
    pub(super) fn new(floor: Arc<Floor>, index: usize, book: SharedBook) -> Self {
        Self {
            floor,
            index,
            book,
            strain: RefCell::new(Strain::new(ThreadUse::now().busy())),
            idle: RefCell::default(),
        }
    }

    /// What a connection that is free from `freed` on does next; `None` if it has to take a seat.
    pub(super) fn claim(&self, freed: Duration) -> Option<Call> {
        loop {
            // Before the start nothing is due, not even what is due at zero.
            let now = self.floor.clock.since_start()?;
            let free_since = self.floor.free_since(freed);
            let next = self.floor.agenda.take(now);
            if let Next::Due(arrival) = next {
                self.note_lag(now, now.saturating_sub(arrival.intended));
            }
            match next {
                Next::Due(arrival) if now < arrival.intended + self.floor.timeout => {
                    return Some(Call::Work(Job {
                        arrival,
                        free_since,
                    }));
                }
                Next::Due(arrival) => {
                    let deadline = arrival.intended + self.floor.timeout;
                    self.give_up(
                        Job {
                            arrival,
                            free_since,
                        },
                        now,
                        deadline,
                    );
                }
                // Its wait ends here; what it would have become is not known.
                Next::Dropped(arrival) => {
                    let end = now.min(arrival.intended + self.floor.timeout);
                    self.give_up(
                        Job {
                            arrival,
                            free_since,
                        },
                        now,
                        end,
                    );
                }
                Next::Later => return None,
                Next::Over => return Some(Call::Home),
            }
        }
    }

    /// Takes a seat among the free ones.
    ///
    /// The caller claims once more afterwards: the pacer rings only where a connection is seated, and something may have
    /// become due between the last claim and taking the seat.
    pub(super) fn sit_down(&self, seat: &Rc<Seat>, now: Duration) {
        let mut idle = self.idle.borrow_mut();
        idle.push_back(Rc::clone(seat));
        self.door().set_idle(idle.len(), now);
    }

    /// Leaves the seat that was taken last: nothing else has run on this thread since.
    pub(super) fn stand_up(&self, now: Duration) {
        let mut idle = self.idle.borrow_mut();
        idle.pop_back();
        self.door().set_idle(idle.len(), now);
    }

    /// Gives what is due to those who wait. Whether the run goes on.
    pub(super) fn dispatch(&self) -> bool {
        loop {
            let now = self.floor.clock.now();
            if self.idle.borrow().is_empty() {
                // Whatever else is due, another worker may be free for it.
                self.floor.ring(self.index + 1);
                return true;
            }
            match self.claim(now) {
                Some(Call::Work(job)) => {
                    let mut idle = self.idle.borrow_mut();
                    if let Some(seat) = idle.pop_front() {
                        seat.call(Call::Work(job));
                    }
                    self.door().set_idle(idle.len(), now);
                }
                Some(Call::Home) => {
                    for seat in self.idle.borrow_mut().drain(..) {
                        seat.call(Call::Home);
                    }
                    self.door().set_idle(0, now);
                    return false;
                }
                None => return true,
            }
        }
    }

    /// Records one that is not sent.
    fn give_up(&self, job: Job, now: Duration, end: Duration) {
        let Job {
            arrival,
            free_since,
        } = job;
        self.record(&Entry {
            stage: arrival.stage,
            class: Class::Expired,
            timing: Timing {
                intended: arrival.intended,
                sent: now,
                done: end,
            },
            own_lag: now.saturating_sub(arrival.intended.max(free_since)),
            ran_out: end == arrival.intended + self.floor.timeout,
        });
    }

    fn note_lag(&self, now: Duration, lag: Duration) {
        let mut strain = self.strain.borrow_mut();
        strain.note(lag);
        if strain.is_over(now) {
            lock(&self.book).end_window(&mut strain, now, ThreadUse::now().busy());
        }
    }

    /// Ends the last window of the run.
    pub(super) fn end(&self) {
        let (now, used) = (self.floor.clock.now(), ThreadUse::now().busy());
        lock(&self.book).end_window(&mut self.strain.borrow_mut(), now, used);
    }

    /// Records the end of an arrival.
    pub(super) fn record(&self, entry: &Entry) {
        let mut book = lock(&self.book);
        book.record(entry);
        if entry.class.is_answer() && entry.timing.done <= self.floor.end() {
            book.count_in_time();
        }
    }

    fn door(&self) -> &Door {
        &self.floor.doors[self.index]
    }
}
