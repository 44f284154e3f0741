//! The running load: one pacing thread, a few worker threads, and what they share.
//!
//! `shared` is what the threads see of each other, and the queue that gives out arrivals in order; `supervisor` starts and joins the
//! threads, and wakes workers when something is due; `worker` runs connections on one thread. When things are due is decided in
//! [`schedule`](crate::schedule), what is counted in [`ledger`](crate::ledger); the connections themselves are in
//! [`http`](crate::http).

mod shared;
mod supervisor;
#[cfg(test)]
mod tests;
mod worker;

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use thiserror::Error;
use tokio::sync::oneshot;

use crate::ledger::{End, Totals};
use crate::scenario::Plan;
use crate::schedule::ArrivalProcess;
use crate::target::Target;
use shared::Shared;

/// Everything a run is made of.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) plan: Plan,
    pub(crate) target: Target,
    /// The only cap on requests in flight.
    pub(crate) connections: usize,
    /// They share the connections.
    pub(crate) threads: usize,
    /// How long after its intended instant an arrival is given up.
    pub(crate) timeout: Duration,
    pub(crate) process: ArrivalProcess,
    pub(crate) seed: u64,
}

/// Why a run could not be made or finished.
#[derive(Debug, Error)]
pub enum EngineError {
    #[error("cannot start a thread: {0}")]
    Thread(#[from] std::io::Error),
    #[error("a thread of the generator ended unexpectedly; the run has no result")]
    Crashed,
    #[error(
        "the accounts don't balance: {sent} sent + {unsent} not sent, {scheduled} scheduled; the run has no result"
    )]
    Unbalanced {
        sent: u64,
        unsent: u64,
        scheduled: u64,
    },
}

/// A run under way.
#[derive(Debug)]
pub(crate) struct Running {
    shared: Arc<Shared>,
    records: Vec<Records>,
    end: oneshot::Receiver<Result<End, EngineError>>,
    /// What was recorded until the last look, and between the last two.
    total: Totals,
    recent: Totals,
    /// An empty one to exchange for a thread's.
    spare: Totals,
}

/// What a thread has recorded since the last look; locked by it for each record, by [`Running::look`] once a second.
type Records = Arc<Mutex<Totals>>;

impl Run {
    /// Opens the connections and starts the schedule.
    pub(crate) async fn launch(self) -> Result<Running, EngineError> {
        let (launched, launch) = oneshot::channel();
        let (finished, end) = oneshot::channel();
        let empty = Totals::new(self.plan.stages.len());
        let threads = self.threads.clamp(1, self.connections.max(1));
        let records: Vec<Records> = (0..threads)
            .map(|_| Arc::new(Mutex::new(empty.clone())))
            .collect();
        let for_workers = records.clone();
        std::thread::Builder::new()
            .name("supervisor".into())
            .spawn(move || {
                let end = supervisor::supervise(&self, for_workers, launched);
                // Nobody waits for it after a second interrupt.
                let _nobody_waits = finished.send(end);
            })?;
        match launch.await {
            Ok(shared) => Ok(Running {
                shared,
                records,
                end,
                total: empty.clone(),
                recent: empty.clone(),
                spare: empty,
            }),
            Err(_) => Err(match end.await {
                Ok(Err(error)) => error,
                _ => EngineError::Crashed,
            }),
        }
    }
}

impl Running {
    /// Time since the schedule's start.
    pub(crate) fn now(&self) -> Duration {
        self.shared.clock.now()
    }

    /// Ends the schedule here; what is in flight is waited for.
    pub(crate) fn stop(&self) {
        self.shared.stop();
    }

    /// Arrivals given out so far, what was recorded since the last look, and what in all.
    pub(crate) fn look(&mut self) -> (u64, &Totals, &Totals) {
        self.recent.clear();
        for records in &self.records {
            mem::swap(&mut *lock(records), &mut self.spare);
            self.recent.add(&self.spare);
            self.spare.clear();
        }
        self.total.add(&self.recent);
        (self.shared.queue.given(), &self.recent, &self.total)
    }

    /// Waits for the last arrival's end. Every arrival ended in exactly one class, or there is no result.
    pub(crate) async fn finished(&mut self) -> Result<Totals, EngineError> {
        let end = (&mut self.end).await.map_err(|_| EngineError::Crashed)??;
        self.look();
        let mut totals = self.total.clone();
        totals.end = end;
        if totals.is_balanced() {
            return Ok(totals);
        }
        Err(EngineError::Unbalanced {
            sent: totals.sent(),
            unsent: totals.unsent(),
            scheduled: totals.end.scheduled,
        })
    }
}

/// Records outlive the panic of a thread that held them; the panic itself is reported as [`EngineError::Crashed`].
fn lock(records: &Mutex<Totals>) -> MutexGuard<'_, Totals> {
    records.lock().unwrap_or_else(PoisonError::into_inner)
}
