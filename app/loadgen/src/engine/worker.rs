//! One worker thread: its connections, each a task that takes an arrival, sends it and records its end.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::{Instant, Sleep, sleep_until, timeout};

use super::shared::Shared;
use super::{Records, lock};
use crate::http::{Connection, Failure};
use crate::ledger::{Class, Record, Saturation, Timing};
use crate::process::thread_busy;
use crate::schedule::Arrival;
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
        let thread = Rc::new(Thread {
            shared,
            index: self.index,
            requests: self.target.requests,
            records: self.records,
            saturation: RefCell::new(Saturation::new(before)),
        });
        // One for all workers.
        let refresher =
            (self.index == 0).then(|| spawn_local(self.target.addresses.keep_current()));
        let tasks = connections.into_iter().map(|connection| {
            let task = ConnectionTask {
                thread: Rc::clone(&thread),
                connection,
                timer: Box::pin(sleep_until(Instant::now())),
            };
            spawn_local(task.serve())
        });
        let tasks: Vec<JoinHandle<()>> = tasks.collect();
        for task in tasks {
            task.await.ok()?;
        }
        if let Some(refresher) = refresher {
            refresher.abort();
        }
        let used = thread_busy();
        thread.end_window(thread.shared.clock.now(), used);
        Some(used.saturating_sub(before))
    }
}

/// What the connections of a worker have in common.
struct Thread {
    shared: Arc<Shared>,
    index: usize,
    requests: Arc<[Request; 3]>,
    records: Records,
    saturation: RefCell<Saturation>,
}

/// An arrival on its way to a connection.
#[derive(Clone, Copy, Debug)]
struct Job {
    arrival: Arrival,
    /// Since when a connection had been free for it: lag from then on is the generator's own.
    free_since: Duration,
}

impl Thread {
    /// What a connection that is free from `freed` on sends next: pending until something is due, `None` at the end.
    fn claim(&self, freed: Duration) -> Poll<Option<Job>> {
        loop {
            // Before the start nothing is due, not even what is due at zero.
            let Some(now) = self.shared.clock.since_start() else {
                return Poll::Pending;
            };
            let free_since = self.shared.free_since(freed);
            let stopped = self.shared.queue.stopped.get();
            let arrival = match self.shared.queue.take(now, stopped) {
                Poll::Ready(Some(arrival)) => arrival,
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => return Poll::Pending,
            };
            let deadline = arrival.intended + self.shared.timeout;
            if stopped.is_none() {
                self.note_lag(now, now.saturating_sub(arrival.intended));
                if now < deadline {
                    return Poll::Ready(Some(Job {
                        arrival,
                        free_since,
                    }));
                }
            }
            // Not sent. One that was still waiting when the run was stopped ends here; what it would have become is not known.
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

    /// Notes an arrival that was taken this late.
    fn note_lag(&self, now: Duration, lag: Duration) {
        self.saturation.borrow_mut().note(lag);
        if self.saturation.borrow().is_over(now) {
            self.end_window(now, thread_busy());
        }
    }

    fn end_window(&self, now: Duration, used: Duration) {
        let mut saturation = self.saturation.borrow_mut();
        saturation.end_window(now, used, &mut lock(&self.records).behind);
    }

    fn record(&self, record: &Record) {
        let is_in_time = record.timing.done <= self.shared.end();
        let mut records = lock(&self.records);
        records.record(record);
        if record.class.is_answer() && is_in_time {
            records.answered_in_time += 1;
        }
    }
}

/// One connection at work.
struct ConnectionTask {
    thread: Rc<Thread>,
    connection: Connection,
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
            self.thread.record(&record);
        }
    }

    /// Waits for something to do; `None` when nothing will come.
    async fn next_job(&mut self, freed: Duration) -> Option<Job> {
        let Self {
            thread, connection, ..
        } = self;
        if let Poll::Ready(job) = thread.claim(freed) {
            return job;
        }
        let shared = &thread.shared;
        let status = &shared.statuses[thread.index];
        status.add_idle(freed);
        let job = loop {
            let mut woken = pin!(status.wake.notified());
            // Once more: only workers with an idle connection are woken, and something may have become due since.
            if let Poll::Ready(job) = thread.claim(freed) {
                break job;
            }
            poll_fn(|cx| {
                connection.watch(cx);
                woken.as_mut().poll(cx)
            })
            .await;
        };
        status.remove_idle();
        // What else is due by now: its waker may have counted on this connection.
        if shared.queue.has_due(shared.clock.now()) {
            shared.wake_one(thread.index);
        }
        job
    }

    /// Sends one arrival; returns its record and when the connection was free again.
    async fn send(&mut self, job: Job) -> (Record, Duration) {
        let arrival = job.arrival;
        let clock = self.thread.shared.clock;
        let deadline = arrival.intended + self.thread.shared.timeout;
        let sent = clock.now();
        let answer = {
            let request = &self.thread.requests[arrival.order as usize];
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
        let ran_out = answer.is_none();
        let class = match answer {
            // An answer that was complete only after the deadline came too late, whichever of the two was noticed first.
            Some(Ok(_)) if freed > deadline => Class::Timeout,
            Some(Ok(status)) => Class::of_status(status.as_u16()),
            Some(Err(Failure::Reset(_))) => Class::Reset,
            None if self.connection.is_open() => Class::Timeout,
            // Refused, or still connecting: nothing was sent.
            Some(Err(Failure::Connect(_))) | None => Class::Connect,
        };
        if ran_out {
            self.connection.close();
        }
        let ran_out = ran_out || class == Class::Timeout;
        let record = Record {
            stage: arrival.stage,
            class,
            timing: Timing {
                intended: arrival.intended,
                sent,
                done: if ran_out { deadline } else { freed },
            },
            own_lag: sent.saturating_sub(arrival.intended.max(job.free_since)),
            ran_out,
        };
        (record, freed)
    }
}
