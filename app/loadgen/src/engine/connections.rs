//! The connections of one worker that wait for something to do, and how they get it.
//!
//! Lives on one thread; what other threads may know of it is in [`shared`](super::shared).

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use super::shared::{Next, Shared, WorkerStatus};
use super::{SharedBook, lock};
use crate::clock::ThreadUse;
use crate::ledger::{Class, Entry, Strain, Timing};
use crate::schedule::Arrival;

/// One worker's connections and accounts.
pub(super) struct Connections {
    pub(super) shared: Arc<Shared>,
    pub(super) index: usize,
    pub(super) book: SharedBook,
    strain: RefCell<Strain>,
    /// Free connections, the longest free first, so that all of them, and so all addresses, get their turn.
    idle: RefCell<VecDeque<Rc<Slot>>>,
}

/// Where a free connection waits.
#[derive(Default)]
pub(super) struct Slot {
    assignment: Cell<Option<Assignment>>,
    waker: Cell<Option<Waker>>,
}

/// What a free connection is to do.
#[derive(Clone, Copy, Debug)]
pub(super) enum Assignment {
    /// Send this.
    Send(Job),
    /// There will be no more.
    Stop,
}

/// An arrival on its way to a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Job {
    pub(super) arrival: Arrival,
    /// Since when a connection had been free for it: lag from then on is the generator's own.
    pub(super) free_since: Duration,
}

impl Slot {
    /// Its assignment, if there is one; otherwise it remembers what to wake.
    pub(super) fn take(&self, waker: &Waker) -> Option<Assignment> {
        let assignment = self.assignment.take();
        if assignment.is_none() {
            self.waker.set(Some(waker.clone()));
        }
        assignment
    }

    fn assign(&self, assignment: Assignment) {
        self.assignment.set(Some(assignment));
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

impl Connections {
    /// A worker without free connections. Made, and used, on the worker's own thread.
    pub(super) fn new(shared: Arc<Shared>, index: usize, book: SharedBook) -> Self {
        Self {
            shared,
            index,
            book,
            strain: RefCell::new(Strain::new(ThreadUse::now().busy())),
            idle: RefCell::default(),
        }
    }

    /// What a connection that is free from `freed` on does next; `None` if it has to wait.
    pub(super) fn claim(&self, freed: Duration) -> Option<Assignment> {
        loop {
            // Before the start nothing is due, not even what is due at zero.
            let now = self.shared.clock.since_start()?;
            let free_since = self.shared.free_since(freed);
            let (arrival, is_due) = match self.shared.queue.take(now) {
                Next::Due(arrival) => (arrival, true),
                Next::Dropped(arrival) => (arrival, false),
                Next::Later => return None,
                Next::Over => return Some(Assignment::Stop),
            };
            let job = Job {
                arrival,
                free_since,
            };
            let deadline = arrival.intended + self.shared.timeout;
            if is_due {
                self.note_lag(now, now.saturating_sub(arrival.intended));
                if now < deadline {
                    return Some(Assignment::Send(job));
                }
            }
            // One that is dropped before its deadline ends here; what it would have become is not known.
            self.give_up(job, now, now.min(deadline));
        }
    }

    /// Adds a connection to the free ones.
    ///
    /// The caller claims once more afterwards: the pacer wakes only workers with a free connection, and something may have
    /// become due between the last claim and this.
    pub(super) fn become_idle(&self, slot: &Rc<Slot>, now: Duration) {
        let mut idle = self.idle.borrow_mut();
        idle.push_back(Rc::clone(slot));
        self.status().set_idle(idle.len(), now);
    }

    /// Takes the connection that was added last out again: nothing else has run on this thread since.
    pub(super) fn leave_idle(&self, now: Duration) {
        let mut idle = self.idle.borrow_mut();
        idle.pop_back();
        self.status().set_idle(idle.len(), now);
    }

    /// Gives what is due to those who wait. Whether the run goes on.
    pub(super) fn dispatch(&self) -> bool {
        loop {
            let now = self.shared.clock.now();
            if self.idle.borrow().is_empty() {
                // Whatever else is due, another worker may be free for it.
                self.shared.wake_one(self.index + 1);
                return true;
            }
            match self.claim(now) {
                Some(Assignment::Send(job)) => {
                    let mut idle = self.idle.borrow_mut();
                    if let Some(slot) = idle.pop_front() {
                        slot.assign(Assignment::Send(job));
                    }
                    self.status().set_idle(idle.len(), now);
                }
                Some(Assignment::Stop) => {
                    for slot in self.idle.borrow_mut().drain(..) {
                        slot.assign(Assignment::Stop);
                    }
                    self.status().set_idle(0, now);
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
            ran_out: end == arrival.intended + self.shared.timeout,
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
        let (now, used) = (self.shared.clock.now(), ThreadUse::now().busy());
        lock(&self.book).end_window(&mut self.strain.borrow_mut(), now, used);
    }

    /// Records the end of an arrival.
    pub(super) fn record(&self, entry: &Entry) {
        let mut book = lock(&self.book);
        book.record(entry);
        if entry.class.is_answer() && entry.timing.done <= self.shared.end() {
            book.count_in_time();
        }
    }

    fn status(&self) -> &WorkerStatus {
        &self.shared.statuses[self.index]
    }
}
