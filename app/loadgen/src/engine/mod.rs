//! The running load: one pacing thread, a few worker threads, and what they share.
//!
//! `shared` is what the threads see of each other, and the queue that gives out arrivals in order; `supervisor` starts and joins the
//! threads, and wakes workers when something is due; `worker` runs connections on one thread, `connections` holds those that wait
//! for work, and `channel` is one HTTP connection. When things are due is decided in [`schedule`](crate::schedule), what is counted in
//! [`ledger`](crate::ledger).

mod channel;
mod connections;
mod shared;
mod supervisor;
mod worker;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use thiserror::Error;
use tokio::sync::oneshot;

use crate::ledger::{Book, Interval, Totals};
use crate::scenario::Plan;
use crate::schedule::Spacing;
use crate::target::Target;
use shared::Shared;

/// Everything a run is made of.
#[derive(Clone, Debug)]
pub struct Run {
    /// Stages and load.
    pub plan: Plan,
    /// Where requests go.
    pub target: Target,
    /// How many connections are opened, the only cap on requests in flight.
    pub connections: usize,
    /// How many threads share the connections.
    pub threads: usize,
    /// How long after its intended instant an arrival is given up.
    pub timeout: Duration,
    /// How arrivals lie around the asked rate.
    pub spacing: Spacing,
    /// Seed of everything that is random.
    pub seed: u64,
}

/// Why a run could not be made or finished.
#[derive(Debug, Error)]
pub enum EngineError {
    /// A thread or its runtime could not be started.
    #[error("cannot start a thread: {0}")]
    Thread(#[from] std::io::Error),
    /// A thread ended before its time.
    #[error("a thread of the generator ended unexpectedly; the run has no result")]
    Crashed,
    /// The sums don't agree: a mistake in this program.
    #[error(
        "the accounts don't balance: {sent} sent + {unsent} not sent, {scheduled} scheduled; the run has no result"
    )]
    Unbalanced {
        /// Arrivals given to a connection.
        sent: u64,
        /// Arrivals never sent.
        unsent: u64,
        /// Arrivals the schedule gave out.
        scheduled: u64,
    },
}

/// A run under way.
#[derive(Debug)]
pub struct Running {
    shared: Arc<Shared>,
    books: Vec<SharedBook>,
    outcome: oneshot::Receiver<Result<Totals, EngineError>>,
}

/// A worker's book; locked by its worker for each record, by the panel once a second.
type SharedBook = Arc<Mutex<Book>>;

impl Run {
    /// Opens the connections and starts the schedule.
    ///
    /// # Errors
    /// A thread could not be started.
    pub async fn launch(self) -> Result<Running, EngineError> {
        let (launched, launch) = oneshot::channel();
        let (finished, outcome) = oneshot::channel();
        std::thread::Builder::new()
            .name("supervisor".into())
            .spawn(move || {
                // Nobody waits for the outcome after a second interrupt.
                let _nobody_waits = finished.send(supervisor::supervise(&self, launched));
            })?;
        match launch.await {
            Ok((shared, books)) => Ok(Running {
                shared,
                books,
                outcome,
            }),
            Err(_) => Err(outcome
                .await
                .ok()
                .and_then(Result::err)
                .unwrap_or(EngineError::Crashed)),
        }
    }
}

impl Running {
    /// Time since the schedule's start.
    pub fn now(&self) -> Duration {
        self.shared.clock.now()
    }

    /// Arrivals given out so far.
    pub fn scheduled(&self) -> u64 {
        self.shared.queue.given()
    }

    /// Ends the schedule here; what is in flight is waited for.
    pub fn stop(&self) {
        self.shared.stop();
    }

    /// Adds what was recorded since the last look to `seen`, using `spare` for the exchange.
    pub fn look(&self, seen: &mut Interval, spare: &mut Interval) {
        for book in &self.books {
            spare.clear();
            lock(book).swap_interval(spare);
            seen.add(spare);
        }
    }

    /// Waits for the last arrival's end.
    ///
    /// # Errors
    /// A thread crashed, or the accounts don't balance.
    pub async fn finished(&mut self) -> Result<Totals, EngineError> {
        (&mut self.outcome)
            .await
            .unwrap_or(Err(EngineError::Crashed))
    }
}

/// A book outlives the panic of a thread that held it; the panic itself is reported as [`EngineError::Crashed`].
fn lock(book: &Mutex<Book>) -> std::sync::MutexGuard<'_, Book> {
    book.lock().unwrap_or_else(PoisonError::into_inner)
}
