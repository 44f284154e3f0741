//! Starts the threads of a run and joins them; and what the pacing thread does: it sleeps to the absolute instant of what is due
//! next, then wakes a worker.

use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use tokio::runtime::{self, LocalOptions};
use tokio::sync::oneshot;

use super::shared::{ArrivalQueue, Shared, Source, WorkerStatus};
use super::worker::Worker;
use super::{EngineError, Records, Run};
use crate::clock::{Clock, wake_exactly};
use crate::http::Connection;
use crate::ledger::End;
use crate::process::thread_cpu;
use crate::scenario::Load;
use crate::schedule::Arrivals;

/// Between the last connection's opening and the first arrival: enough for every thread to be asleep and waiting. A closed
/// loop starts at once: there is no pacer to wake those who wait.
const START_DELAY: Duration = Duration::from_millis(20);

/// Stack of a thread; nothing here recurses.
const STACK_BYTES: usize = 512 * 1024;

/// Shortest time between two wake-ups: arrivals closer together are sent together, up to this much late. A wake-up costs
/// up to 20 us of processor time on a small virtual machine: this keeps pacing to a tenth of a core at any rate.
const QUANTUM: Duration = Duration::from_micros(200);

/// Longest sleep, so that a stopped run ends promptly.
const MAX_SLEEP: Duration = Duration::from_millis(50);

/// Runs everything to its end; `launched` is told of the start. There is a worker for each of `records`.
pub(super) fn supervise(
    run: &Run,
    records: Vec<Records>,
    launched: oneshot::Sender<Arc<Shared>>,
) -> Result<End, EngineError> {
    let threads = records.len();
    // Connection i goes to thread i mod threads. Those of a thread take the addresses in turn, and each thread begins with
    // another one, so that all addresses are used evenly.
    let workers = records.into_iter().enumerate().map(|(index, records)| {
        let connections = (index..run.connections).step_by(threads).enumerate();
        let connection = |(turn, _)| Connection::new(run.target.addresses.clone(), turn + index);
        Worker {
            index,
            connections: connections.map(connection).collect(),
            target: run.target.clone(),
            records,
        }
    });
    let mut started = Vec::with_capacity(threads);
    for worker in workers {
        started.push(start(worker)?);
    }
    let mut ready = Vec::with_capacity(threads);
    for (opened, start, thread) in started {
        opened.blocking_recv().map_err(|_| EngineError::Crashed)?;
        ready.push((start, thread));
    }
    let (source, pacing, delay) = match &run.plan.load {
        Load::Open(profile) => {
            let arrivals =
                Arrivals::new(Arc::clone(profile), &run.plan.stages, run.process, run.seed);
            let source = Source::Open(Box::new(arrivals.clone().peekable()));
            (source, Some(arrivals), START_DELAY)
        }
        Load::Closed(end) => (Source::Closed { end: *end }, None, Duration::ZERO),
    };
    let is_open_loop = pacing.is_some();
    let shared = Arc::new(Shared {
        clock: Clock::starting_in(delay),
        queue: ArrivalQueue::new(source),
        timeout: run.timeout,
        length: run.plan.duration(),
        statuses: (0..threads).map(|_| WorkerStatus::default()).collect(),
    });
    let mut working = Vec::with_capacity(threads);
    for (start, thread) in ready {
        let sent = start.send(Arc::clone(&shared));
        sent.map_err(|_| EngineError::Crashed)?;
        working.push(thread);
    }
    let pacer = pacing.map(|arrivals| {
        let shared = Arc::clone(&shared);
        let pacer = Builder::new().name("pacer".into()).stack_size(STACK_BYTES);
        pacer.spawn(move || pace(&shared, arrivals))
    });
    let pacer = pacer.transpose()?;
    // Nobody listens after a second interrupt.
    let _nobody_listens = launched.send(Arc::clone(&shared));

    let mut busiest = Duration::ZERO;
    for worker in working {
        let busy = worker.join().ok().flatten().ok_or(EngineError::Crashed)?;
        busiest = busiest.max(busy);
    }
    let elapsed = shared.clock.now();
    let pacing_cpu = pacer.map_or(Ok(Duration::ZERO), |pacer| {
        pacer.join().map_err(|_| EngineError::Crashed)
    });
    Ok(End {
        scheduled: shared.queue.given(),
        is_open_loop,
        asked_for: shared.end(),
        elapsed,
        pacing_cpu: pacing_cpu?,
        busiest: busiest.as_secs_f64() / elapsed.as_secs_f64().max(f64::MIN_POSITIVE),
    })
}

/// Hears that a worker's connections are open, tells it to start, and in the end how long it was busy.
type Started = (
    oneshot::Receiver<()>,
    oneshot::Sender<Arc<Shared>>,
    JoinHandle<Option<Duration>>,
);

fn start(worker: Worker) -> Result<Started, EngineError> {
    let (opened_sender, opened) = oneshot::channel();
    let (start, start_receiver) = oneshot::channel();
    let thread = Builder::new()
        .name(format!("worker-{}", worker.index))
        .stack_size(STACK_BYTES);
    let thread = thread.spawn(move || {
        let mut local = runtime::Builder::new_current_thread();
        let local = local.enable_io().enable_time();
        let local = local.build_local(LocalOptions::default()).ok()?;
        let busy = local.block_on(worker.work(opened_sender, start_receiver));
        // A look-up may still be on its way: dropping the runtime would wait for its end.
        local.shutdown_background();
        busy
    })?;
    Ok((opened, start, thread))
}

/// Wakes workers until nothing is due any more, and returns the processor time that took. It follows its own copy of the schedule
/// and never waits for anybody, so a slow target can't slow it down.
fn pace(shared: &Shared, mut arrivals: Arrivals) -> Duration {
    wake_exactly();
    let before = thread_cpu();
    let mut next = arrivals.next();
    let mut earliest = Duration::ZERO;
    let mut turn = 0;
    shared.clock.sleep_until(Duration::ZERO);
    while let Some(due) = next {
        let wake = due.intended.max(earliest);
        if !slept_until(shared, wake) {
            break;
        }
        let now = shared.clock.now();
        while next.is_some_and(|arrival| arrival.intended <= now) {
            next = arrivals.next();
        }
        // Freed connections take what is due by themselves.
        if shared.queue.has_due(now) {
            shared.wake_one(turn);
            turn = turn.wrapping_add(1);
        }
        earliest = wake + QUANTUM;
    }
    shared.wake_all();
    thread_cpu().saturating_sub(before)
}

/// Whether the moment came before the run was stopped.
fn slept_until(shared: &Shared, wake: Duration) -> bool {
    loop {
        if shared.queue.stopped.get().is_some() {
            return false;
        }
        let now = shared.clock.now();
        if now >= wake {
            return true;
        }
        shared.clock.sleep_until(wake.min(now + MAX_SLEEP));
    }
}
