//! One worker thread: its connections, each a task that takes an arrival, sends it and records its end.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::{Instant, Sleep, sleep_until, timeout};

use super::Records;
use super::connection::{Connection, Failure};
use super::pool::{Assignment, Job, Pool, Slot};
use super::shared::Shared;
use crate::ledger::{Class, Record, Timing};
use crate::process::thread_busy;
use crate::target::{Request, Target};

/// How long connections may take to open before the schedule starts; those that don't, open when they are needed.
const OPENING: Duration = Duration::from_secs(5);

/// What a worker is given.
pub(super) struct Worker {
    pub(super) index: usize,
    /// Still closed.
    pub(super) connections: Vec<Connection>,
    pub(super) target: Target,
    pub(super) records: Records,
}

impl Worker {
    /// Opens the connections, says so, waits for the start, and works until nothing is left to do.
    ///
    /// Returns how long it worked, or was ready to work without a processor; `None` if the start never came.
    pub(super) async fn work(
        self,
        opened: oneshot::Sender<()>,
        start: oneshot::Receiver<Arc<Shared>>,
    ) -> Option<Duration> {
        let opening = self.connections.into_iter().map(|mut connection| {
            spawn_local(async move {
                // Either way it is opened again when needed, and then counted if that fails.
                let _counted_later = timeout(OPENING, connection.open_anywhere()).await;
                connection
            })
        });
        let opening: Vec<JoinHandle<Connection>> = opening.collect();
        let mut connections = Vec::with_capacity(opening.len());
        for connection in opening {
            connections.push(connection.await.ok()?);
        }
        opened.send(()).ok()?;
        let shared = start.await.ok()?;
        let before = thread_busy();
        let Target {
            addresses,
            requests,
        } = self.target;
        let pool = Rc::new(Pool::new(shared, self.index, self.records));
        // One for all workers.
        let refresher = (self.index == 0).then(|| spawn_local(addresses.keep_current()));
        let tasks = connections.into_iter().map(|connection| {
            let task = ConnectionTask {
                pool: Rc::clone(&pool),
                requests: Arc::clone(&requests),
                connection,
                slot: Rc::default(),
                timer: Box::pin(sleep_until(Instant::now())),
            };
            spawn_local(task.serve())
        });
        let tasks: Vec<JoinHandle<()>> = tasks.collect();
        let dispatching = Rc::clone(&pool);
        let dispatcher = spawn_local(async move { dispatching.dispatch().await });
        for task in tasks {
            task.await.ok()?;
        }
        dispatcher.abort();
        if let Some(refresher) = refresher {
            refresher.abort();
        }
        pool.end();
        Some(thread_busy().saturating_sub(before))
    }
}

/// One connection at work.
struct ConnectionTask {
    pool: Rc<Pool>,
    requests: Arc<[Request; 3]>,
    connection: Connection,
    slot: Rc<Slot>,
    /// Fires at the deadline of what is in flight or, as deadlines only grow, of an earlier request: setting it anew for each
    /// would cost more than being woken once in a timeout for nothing.
    timer: Pin<Box<Sleep>>,
}

impl ConnectionTask {
    /// Works until there will be no more.
    async fn serve(mut self) {
        let mut freed = Duration::ZERO;
        while let Some(job) = self.next_job(freed).await {
            let (record, done) = self.send(job).await;
            freed = done;
            self.pool.record(&record);
        }
    }

    /// Waits for something to do; `None` when nothing will come.
    async fn next_job(&mut self, freed: Duration) -> Option<Job> {
        let mut assignment = self.pool.claim(freed);
        if assignment.is_none() {
            self.pool.become_idle(&self.slot, freed);
            assignment = self.pool.claim(freed);
            if assignment.is_some() {
                self.pool.leave_idle(freed);
            }
        }
        let Self {
            slot, connection, ..
        } = self;
        let assignment = match assignment {
            Some(assignment) => assignment,
            None => {
                poll_fn(|cx| {
                    connection.watch(cx);
                    slot.take(cx.waker()).map_or(Poll::Pending, Poll::Ready)
                })
                .await
            }
        };
        match assignment {
            Assignment::Send(job) => Some(job),
            Assignment::Stop => None,
        }
    }

    /// Sends one arrival; returns its record and when the connection was free again.
    async fn send(&mut self, job: Job) -> (Record, Duration) {
        let Job {
            arrival,
            free_since,
        } = job;
        let clock = self.pool.shared.clock;
        let deadline = arrival.intended + self.pool.shared.timeout;
        let sent = clock.now();
        let answer = {
            let request = &self.requests[arrival.order as usize];
            let mut exchange = pin!(self.connection.exchange(request));
            let timer = &mut self.timer;
            let limit = Instant::from(clock.instant_at(deadline));
            poll_fn(|cx| {
                if let Poll::Ready(result) = exchange.as_mut().poll(cx) {
                    return Poll::Ready(Some(result));
                }
                while timer.as_mut().poll(cx).is_ready() {
                    if timer.deadline() >= limit {
                        return Poll::Ready(None);
                    }
                    timer.as_mut().reset(limit);
                }
                Poll::Pending
            })
            .await
        };
        let freed = clock.now();
        let class = match answer {
            // An answer that was complete only after the deadline came too late, whichever of the two was noticed first.
            Some(Ok(_)) if freed > deadline => Class::Timeout,
            Some(Ok(status)) => Class::of_status(status),
            Some(Err(Failure::Reset)) => Class::Reset,
            None if self.connection.is_open() => Class::Timeout,
            // Refused, or still connecting: nothing was sent.
            Some(Err(Failure::Connect)) | None => Class::Connect,
        };
        if answer.is_none() {
            self.connection.close();
        }
        let ran_out = class == Class::Timeout || answer.is_none();
        let record = Record {
            stage: arrival.stage,
            class,
            timing: Timing {
                intended: arrival.intended,
                sent,
                done: if ran_out { deadline } else { freed },
            },
            own_lag: sent.saturating_sub(arrival.intended.max(free_since)),
            ran_out,
        };
        (record, freed)
    }
}
