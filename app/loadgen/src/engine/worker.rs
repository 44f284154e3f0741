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

use super::channel::{Channel, Failure};
use super::crew::{Call, Crew, Job, Seat};
use super::floor::Floor;
use super::{SharedBook, lock};
use crate::clock::ThreadUse;
use crate::ledger::{Class, Entry, Timing};
use crate::target::{Requests, Target};

/// How long connections may take to open before the schedule starts; those that don't, open when they are needed.
const OPENING: Duration = Duration::from_secs(5);

/// What a worker is given.
pub(super) struct Worker {
    /// Which one it is.
    pub(super) index: usize,
    /// Its connections, still closed.
    pub(super) channels: Vec<Channel>,
    /// What is sent, and where to.
    pub(super) target: Target,
    /// Its accounts.
    pub(super) book: SharedBook,
}

/// How much of the run a worker was busy.
#[derive(Clone, Copy, Debug)]
pub(super) struct Effort {
    /// Working, or ready to work without a processor.
    pub(super) busy: Duration,
}

impl Worker {
    /// Opens the connections, says so, waits for the start, and works until nothing is left to do.
    ///
    /// Returns `None` if the start never came.
    pub(super) async fn work(
        self,
        opened: oneshot::Sender<()>,
        start: oneshot::Receiver<Arc<Floor>>,
    ) -> Option<Effort> {
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
        let floor = start.await.ok()?;
        let before = ThreadUse::now();
        let crew = Rc::new(Crew::new(floor, self.index, self.book));
        let requests = Rc::new(self.target.requests);
        // One for all workers.
        let keeper = (self.index == 0).then(|| spawn_local(self.target.addresses.keep()));
        let tasks: Vec<JoinHandle<()>> = channels
            .into_iter()
            .map(|channel| spawn_local(Desk::new(&crew, &requests, channel).serve()))
            .collect();
        let dispatcher = spawn_local(dispatch(Rc::clone(&crew)));
        for task in tasks {
            task.await.ok()?;
        }
        dispatcher.abort();
        if let Some(keeper) = keeper {
            keeper.abort();
        }
        crew.end();
        Some(Effort {
            busy: ThreadUse::now().since(before).busy(),
        })
    }
}

async fn opened_in_time(mut channel: Channel) -> Channel {
    // Either way it is opened again when needed, and then counted if that fails.
    let _counted_later = timeout(OPENING, channel.open_anywhere()).await;
    channel
}

/// Hands out what is due whenever the bell rings.
async fn dispatch(crew: Rc<Crew>) {
    loop {
        crew.floor.doors[crew.index].bell.notified().await;
        if !crew.dispatch() {
            return;
        }
    }
}

/// One connection at work.
struct Desk {
    crew: Rc<Crew>,
    requests: Rc<Requests>,
    channel: Channel,
    seat: Rc<Seat>,
    /// Rings at the deadline of what is in flight; reset, not made anew, for each request.
    alarm: Pin<Box<Sleep>>,
}

impl Desk {
    fn new(crew: &Rc<Crew>, requests: &Rc<Requests>, channel: Channel) -> Self {
        Self {
            crew: Rc::clone(crew),
            requests: Rc::clone(requests),
            channel,
            seat: Rc::default(),
            alarm: Box::pin(sleep_until(Instant::now())),
        }
    }

    /// Works until there will be no more.
    async fn serve(mut self) {
        let mut freed = Duration::ZERO;
        while let Some(job) = self.next_job(freed).await {
            let (entry, done) = self.send(job).await;
            freed = done;
            self.crew.record(&entry);
        }
    }

    /// Waits for something to do; `None` when nothing will come.
    async fn next_job(&mut self, freed: Duration) -> Option<Job> {
        let mut call = self.crew.claim(freed);
        if call.is_none() {
            self.crew.sit_down(&self.seat, freed);
            call = self.crew.claim(freed);
            if call.is_some() {
                self.crew.stand_up(freed);
            }
        }
        let Self { seat, channel, .. } = self;
        let call = match call {
            Some(call) => call,
            None => {
                poll_fn(|cx| {
                    channel.watch(cx);
                    seat.answer(cx.waker()).map_or(Poll::Pending, Poll::Ready)
                })
                .await
            }
        };
        match call {
            Call::Work(job) => Some(job),
            Call::Home => None,
        }
    }

    /// Sends one arrival; returns its record and when the connection was free again.
    async fn send(&mut self, job: Job) -> (Entry, Duration) {
        let Job {
            arrival,
            free_since,
        } = job;
        let clock = self.crew.floor.clock;
        let deadline = arrival.intended + self.crew.floor.timeout;
        self.alarm.as_mut().reset(clock.instant_at(deadline).into());
        let request = self.requests.of(arrival.order);
        let sent = clock.now();
        let answer = {
            let mut exchange = pin!(self.channel.exchange(request));
            let alarm = &mut self.alarm;
            poll_fn(|cx| match exchange.as_mut().poll(cx) {
                Poll::Ready(result) => Poll::Ready(Some(result)),
                Poll::Pending => alarm.as_mut().poll(cx).map(|()| None),
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
        let timing = Timing {
            intended: arrival.intended,
            sent,
            done,
        };
        let own_lag = sent.saturating_sub(arrival.intended.max(free_since));
        (
            Entry {
                stage: arrival.stage,
                class,
                timing,
                own_lag,
                ran_out,
            },
            freed,
        )
    }
}

/// Takes a worker's accounts out.
pub(super) fn close(book: &SharedBook, stages: usize) -> crate::ledger::Totals {
    std::mem::replace(&mut *lock(book), crate::ledger::Book::new(stages)).into_totals()
}
