//! Starts the threads of a run, joins them, and adds their accounts up; and what the pacing thread does: it sleeps to the absolute
//! instant of what is due next, then wakes a worker.

use std::mem;
use std::sync::{Arc, Mutex};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use tokio::runtime::{self, LocalOptions};
use tokio::sync::oneshot;

use super::channel::Channel;
use super::shared::{ArrivalQueue, Shared, WorkerStatus};
use super::worker::Worker;
use super::{EngineError, Run, SharedBook, lock};
use crate::clock::{Clock, ThreadUse, wake_exactly};
use crate::ledger::{Book, Totals};
use crate::scenario::Load;
use crate::schedule::Arrivals;

/// Between the last connection's opening and the first arrival: enough for every thread to be asleep and waiting. A closed
/// loop starts at once: there is no pacer to wake those who wait.
const RUN_UP: Duration = Duration::from_millis(20);

/// Stack of a thread; nothing here recurses.
const STACK: usize = 512 * 1024;

/// Shortest time between two wake-ups: arrivals closer together are sent together, up to this much late. A wake-up costs
/// up to 20 us of processor time on a small virtual machine: this keeps pacing to a tenth of a core at any rate.
const QUANTUM: Duration = Duration::from_micros(200);

/// Longest sleep, so that a stopped run ends promptly.
const NAP: Duration = Duration::from_millis(50);

/// Where the start is announced to.
pub(super) type Launch = oneshot::Sender<(Arc<Shared>, Vec<SharedBook>)>;

/// A worker thread as its supervisor sees it.
struct StartedWorker {
    /// How long it worked, or was ready to work without a processor.
    thread: JoinHandle<Option<Duration>>,
    opened: oneshot::Receiver<()>,
    start: oneshot::Sender<Arc<Shared>>,
}

/// Runs everything to its end.
pub(super) fn supervise(run: &Run, launched: Launch) -> Result<Totals, EngineError> {
    let threads = run.threads.clamp(1, run.connections.max(1));
    let stages = run.plan.stages.len();
    let books: Vec<SharedBook> = (0..threads)
        .map(|_| Arc::new(Mutex::new(Book::new(stages))))
        .collect();
    let mut started = Vec::with_capacity(threads);
    for (index, book) in books.iter().enumerate() {
        started.push(start_worker(run, index, threads, Arc::clone(book))?);
    }
    let mut starts = Vec::with_capacity(threads);
    let mut workers = Vec::with_capacity(threads);
    for worker in started {
        worker
            .opened
            .blocking_recv()
            .map_err(|_| EngineError::Crashed)?;
        starts.push(worker.start);
        workers.push(worker.thread);
    }

    let (queue, pacing, run_up) = match &run.plan.load {
        Load::Open(profile) => {
            let arrivals =
                Arrivals::new(Arc::clone(profile), &run.plan.stages, run.spacing, run.seed);
            (ArrivalQueue::open(arrivals.clone()), Some(arrivals), RUN_UP)
        }
        Load::Closed(end) => (ArrivalQueue::closed(*end), None, Duration::ZERO),
    };
    let statuses = (0..threads).map(|_| WorkerStatus::closed()).collect();
    let shared = Arc::new(Shared {
        clock: Clock::starting_in(run_up),
        queue,
        timeout: run.timeout,
        length: run.plan.duration(),
        statuses,
    });
    for start in starts {
        start
            .send(Arc::clone(&shared))
            .map_err(|_| EngineError::Crashed)?;
    }
    let pacer = pacing
        .map(|arrivals| {
            let shared = Arc::clone(&shared);
            let pacer = Builder::new().name("pacer".into()).stack_size(STACK);
            pacer.spawn(move || pace(&shared, arrivals))
        })
        .transpose()?;
    // Nobody listens after a second interrupt.
    let _nobody_listens = launched.send((Arc::clone(&shared), books.clone()));

    let mut busiest = Duration::ZERO;
    for worker in workers {
        let busy = worker.join().ok().flatten().ok_or(EngineError::Crashed)?;
        busiest = busiest.max(busy);
    }
    let mut totals = Totals::new(stages);
    totals.elapsed = shared.clock.now();
    totals.pacing_cpu = match pacer {
        Some(pacer) => pacer.join().map_err(|_| EngineError::Crashed)?,
        None => Duration::ZERO,
    };
    for book in &books {
        totals.add(&mem::replace(&mut *lock(book), Book::new(stages)).into_totals());
    }
    totals.is_open_loop = matches!(run.plan.load, Load::Open(_));
    totals.scheduled = shared.queue.given();
    totals.asked_for = shared.end();
    totals.busiest = busiest.as_secs_f64() / totals.elapsed.as_secs_f64().max(f64::MIN_POSITIVE);
    // Every arrival ended in exactly one class, or there is no result.
    if totals.is_balanced() {
        return Ok(totals);
    }
    Err(EngineError::Unbalanced {
        sent: totals.sent(),
        unsent: totals.unsent(),
        scheduled: totals.scheduled,
    })
}

/// Starts a worker with its part of the connections: connection i goes to thread i mod threads. Those of a thread take the
/// addresses in turn, and each thread begins with another one, so that all addresses are used evenly.
fn start_worker(
    run: &Run,
    index: usize,
    threads: usize,
    book: SharedBook,
) -> Result<StartedWorker, EngineError> {
    let channels = (index..run.connections).step_by(threads);
    let channels = channels
        .enumerate()
        .map(|(turn, _)| Channel::new(run.target.addresses.clone(), turn + index))
        .collect();
    let worker = Worker {
        index,
        channels,
        target: run.target.clone(),
        book,
    };
    let (opened_sender, opened) = oneshot::channel();
    let (start, start_receiver) = oneshot::channel();
    let thread = Builder::new()
        .name(format!("worker-{index}"))
        .stack_size(STACK)
        .spawn(move || {
            let local = runtime::Builder::new_current_thread()
                .enable_io()
                .enable_time()
                .build_local(LocalOptions::default())
                .ok()?;
            let busy = local.block_on(worker.work(opened_sender, start_receiver));
            // A look-up may still be on its way: dropping the runtime would wait for its end.
            local.shutdown_background();
            busy
        })?;
    Ok(StartedWorker {
        thread,
        opened,
        start,
    })
}

/// Wakes workers until nothing is due any more, and returns the processor time that took. It follows its own copy of the schedule
/// and never waits for anybody, so a slow target can't slow it down.
fn pace(shared: &Shared, mut arrivals: Arrivals) -> Duration {
    wake_exactly();
    let before = ThreadUse::now();
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
    ThreadUse::now().since(before).cpu
}

/// Whether the moment came before the run was stopped.
fn slept_until(shared: &Shared, wake: Duration) -> bool {
    loop {
        if shared.queue.stopped().is_some() {
            return false;
        }
        let now = shared.clock.now();
        if now >= wake {
            return true;
        }
        shared.clock.sleep_until(wake.min(now + NAP));
    }
}
