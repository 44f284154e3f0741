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
use super::{Records, lock};
use crate::ledger::{Class, Record, Saturation, Timing};
use crate::process::thread_busy;
use crate::schedule::Arrival;

/// One worker's idle connections and records.
pub(super) struct Pool {
    pub(super) shared: Arc<Shared>,
    pub(super) index: usize,
    records: Records,
    saturation: RefCell<Saturation>,
    /// The longest idle first, so that all of them, and so all addresses, get their turn.
    idle: RefCell<VecDeque<Rc<Slot>>>,
}

/// Where an idle connection waits.
#[derive(Default)]
pub(super) struct Slot {
    assignment: Cell<Option<Assignment>>,
    waker: Cell<Option<Waker>>,
}

/// What an idle connection is to do.
#[derive(Clone, Copy, Debug)]
pub(super) enum Assignment {
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

impl Pool {
    /// Made, and used, on the worker's own thread.
    pub(super) fn new(shared: Arc<Shared>, index: usize, records: Records) -> Self {
        Self {
            shared,
            index,
            records,
            saturation: RefCell::new(Saturation::new(thread_busy())),
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
            let deadline = arrival.intended + self.shared.timeout;
            if is_due {
                self.note_lag(now, now.saturating_sub(arrival.intended));
                if now < deadline {
                    return Some(Assignment::Send(Job {
                        arrival,
                        free_since,
                    }));
                }
            }
            // Not sent. One that is dropped before its deadline ends here; what it would have become is not known.
            self.record(&Record {
                stage: arrival.stage,
                class: Class::Expired,
                timing: Timing {
                    intended: arrival.intended,
                    sent: now,
                    done: now.min(deadline),
                },
                own_lag: now.saturating_sub(arrival.intended.max(free_since)),
                ran_out: now >= deadline,
            });
        }
    }

    /// Adds a connection to the idle ones.
    ///
    /// The caller claims once more afterwards: the pacer wakes only workers with an idle connection, and something may have
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

    /// Gives what is due to those who wait, whenever this worker is woken.
    pub(super) async fn dispatch(&self) {
        loop {
            self.status().wake.notified().await;
            if !self.dispatch_due() {
                return;
            }
        }
    }

    /// Whether the run goes on.
    fn dispatch_due(&self) -> bool {
        loop {
            let now = self.shared.clock.now();
            if self.idle.borrow().is_empty() {
                // Whatever else is due, another worker may be free for it.
                self.shared.wake_one(self.index + 1);
                return true;
            }
            match self.claim(now) {
                Some(assignment @ Assignment::Send(_)) => {
                    let mut idle = self.idle.borrow_mut();
                    if let Some(slot) = idle.pop_front() {
                        slot.assign(assignment);
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

    fn note_lag(&self, now: Duration, lag: Duration) {
        let mut saturation = self.saturation.borrow_mut();
        saturation.note(lag);
        if saturation.is_over(now) {
            saturation.end_window(now, thread_busy(), &mut lock(&self.records).behind);
        }
    }

    /// Ends the last window of the run.
    pub(super) fn end(&self) {
        let (now, used) = (self.shared.clock.now(), thread_busy());
        let mut saturation = self.saturation.borrow_mut();
        saturation.end_window(now, used, &mut lock(&self.records).behind);
    }

    /// Records the end of an arrival.
    pub(super) fn record(&self, record: &Record) {
        let is_in_time = record.timing.done <= self.shared.end();
        let mut records = lock(&self.records);
        records.record(record);
        if record.class.is_answer() && is_in_time {
            records.answered_in_time += 1;
        }
    }

    fn status(&self) -> &WorkerStatus {
        &self.shared.statuses[self.index]
    }
}
