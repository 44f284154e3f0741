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

use super::SharedBook;
use super::channel::{Channel, Failure};
use super::connections::{Assignment, Connections, Job, Slot};
use super::shared::Shared;
use crate::clock::ThreadUse;
use crate::ledger::{Class, Entry, Timing};
use crate::target::{Requests, Target};

/// How long connections may take to open before the schedule starts; those that don't, open when they are needed.
const OPENING: Duration = Duration::from_secs(5);

/// What a worker is given.
pub(super) struct Worker {
    pub(super) index: usize,
    /// Its connections, still closed.
    pub(super) channels: Vec<Channel>,
    /// What is sent, and where to.
    pub(super) target: Target,
    pub(super) book: SharedBook,
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
        let opening: Vec<JoinHandle<Channel>> = self
            .channels
            .into_iter()
            .map(|c| spawn_local(opened_in_time(c)))
            .collect();
        let mut channels = Vec::with_capacity(opening.len());
        for channel in opening {
            channels.push(channel.await.ok()?);
        }
        opened.send(()).ok()?;
        let shared = start.await.ok()?;
        let before = ThreadUse::now();
        let connections = Rc::new(Connections::new(shared, self.index, self.book));
        let requests = Rc::new(self.target.requests);
        // One for all workers.
        let keeper = (self.index == 0).then(|| spawn_local(self.target.addresses.keep()));
        let tasks: Vec<JoinHandle<()>> = channels
            .into_iter()
            .map(|channel| {
                spawn_local(ConnectionTask::new(&connections, &requests, channel).serve())
            })
            .collect();
        let dispatcher = spawn_local(dispatch(Rc::clone(&connections)));
        for task in tasks {
            task.await.ok()?;
        }
        dispatcher.abort();
        if let Some(keeper) = keeper {
            keeper.abort();
        }
        connections.end();
        Some(ThreadUse::now().since(before).busy())
    }
}

async fn opened_in_time(mut channel: Channel) -> Channel {
    // Either way it is opened again when needed, and then counted if that fails.
    let _counted_later = timeout(OPENING, channel.open_anywhere()).await;
    channel
}

/// Hands out what is due whenever it is woken.
async fn dispatch(connections: Rc<Connections>) {
    loop {
        connections.shared.statuses[connections.index]
            .wake
            .notified()
            .await;
        if !connections.dispatch() {
            return;
        }
    }
}

/// One connection at work.
struct ConnectionTask {
    connections: Rc<Connections>,
    requests: Rc<Requests>,
    channel: Channel,
    slot: Rc<Slot>,
    /// Fires at the deadline of what is in flight; reset, not made anew, for each request.
    timer: Pin<Box<Sleep>>,
}

impl ConnectionTask {
    fn new(connections: &Rc<Connections>, requests: &Rc<Requests>, channel: Channel) -> Self {
        Self {
            connections: Rc::clone(connections),
            requests: Rc::clone(requests),
            channel,
            slot: Rc::default(),
            timer: Box::pin(sleep_until(Instant::now())),
        }
    }

    /// Works until there will be no more.
    async fn serve(mut self) {
        let mut freed = Duration::ZERO;
        while let Some(job) = self.next_job(freed).await {
            let (entry, done) = self.send(job).await;
            freed = done;
            self.connections.record(&entry);
        }
    }

    /// Waits for something to do; `None` when nothing will come.
    async fn next_job(&mut self, freed: Duration) -> Option<Job> {
        let mut assignment = self.connections.claim(freed);
        if assignment.is_none() {
            self.connections.become_idle(&self.slot, freed);
            assignment = self.connections.claim(freed);
            if assignment.is_some() {
                self.connections.leave_idle(freed);
            }
        }
        let Self { slot, channel, .. } = self;
        let assignment = match assignment {
            Some(assignment) => assignment,
            None => {
                poll_fn(|cx| {
                    channel.watch(cx);
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
    async fn send(&mut self, job: Job) -> (Entry, Duration) {
        let Job {
            arrival,
            free_since,
        } = job;
        let clock = self.connections.shared.clock;
        let deadline = arrival.intended + self.connections.shared.timeout;
        self.timer.as_mut().reset(clock.instant_at(deadline).into());
        let request = self.requests.of(arrival.order);
        let sent = clock.now();
        let answer = {
            let mut exchange = pin!(self.channel.exchange(request));
            let timer = &mut self.timer;
            poll_fn(|cx| match exchange.as_mut().poll(cx) {
                Poll::Ready(result) => Poll::Ready(Some(result)),
                Poll::Pending => timer.as_mut().poll(cx).map(|()| None),
            })
            .await
        };
        let freed = clock.now();
        let class = match answer {
            // An answer that was complete only after the deadline came too late, whichever of the two was noticed first.
            Some(Ok(_)) if freed > deadline => Class::Timeout,
            Some(Ok(status)) => Class::of_status(status),
            Some(Err(Failure::Reset)) => Class::Reset,
            None if self.channel.is_open() => Class::Timeout,
            // Refused, or still connecting: nothing was sent.
            Some(Err(Failure::Connect)) | None => Class::Connect,
        };
        if answer.is_none() {
            self.channel.close();
        }
        let ran_out = class == Class::Timeout || answer.is_none();
        let done = if ran_out { deadline } else { freed };
        let entry = Entry {
            stage: arrival.stage,
            class,
            timing: Timing {
                intended: arrival.intended,
                sent,
                done,
            },
            own_lag: sent.saturating_sub(arrival.intended.max(free_since)),
            ran_out,
        };
        (entry, freed)
    }
}
