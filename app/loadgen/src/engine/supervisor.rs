//! Starts the threads of a run, joins them, and adds their accounts up.

use std::sync::{Arc, Mutex};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use tokio::runtime::{self, LocalOptions};
use tokio::sync::oneshot;

use super::agenda::Agenda;
use super::channel::Channel;
use super::floor::{Door, Floor};
use super::worker::{Effort, Worker, close};
use super::{EngineError, Run, SharedBook, pacer};
use crate::clock::Clock;
use crate::ledger::{Book, Totals};
use crate::scenario::Load;
use crate::schedule::Arrivals;

/// Between the last connection's opening and the first arrival: enough for every thread to be asleep and waiting. A closed
/// loop starts at once: there is no pacer to wake those who wait.
const RUN_UP: Duration = Duration::from_millis(20);

/// Stack of a thread; nothing here recurses.
const STACK: usize = 512 * 1024;

/// Where the start is announced to.
pub(super) type Launch = oneshot::Sender<(Arc<Floor>, Vec<SharedBook>)>;

/// A worker thread as its supervisor sees it.
struct Hired {
    thread: JoinHandle<Option<Effort>>,
    opened: oneshot::Receiver<()>,
    start: oneshot::Sender<Arc<Floor>>,
}

/// Runs everything to its end.
pub(super) fn supervise(run: &Run, launched: Launch) -> Result<Totals, EngineError> {
    let threads = run.threads.clamp(1, run.connections.max(1));
    let stages = run.plan.stages.len();
    let books: Vec<SharedBook> = (0..threads)
        .map(|_| Arc::new(Mutex::new(Book::new(stages))))
        .collect();
    let mut crew = Vec::with_capacity(threads);
    for (index, book) in books.iter().enumerate() {
        crew.push(hire(run, index, threads, Arc::clone(book))?);
    }
    let mut starts = Vec::with_capacity(threads);
    let mut workers = Vec::with_capacity(threads);
    for hired in crew {
        hired
            .opened
            .blocking_recv()
            .map_err(|_| EngineError::Crashed)?;
        starts.push(hired.start);
        workers.push(hired.thread);
    }

    let (agenda, pacing, run_up) = match &run.plan.load {
        Load::Open(profile) => {
            let arrivals =
                Arrivals::new(Arc::clone(profile), &run.plan.stages, run.spacing, run.seed);
            (Agenda::open(arrivals.clone()), Some(arrivals), RUN_UP)
        }
        Load::Closed(end) => (Agenda::closed(*end), None, Duration::ZERO),
    };
    let doors = (0..threads).map(|_| Door::closed()).collect();
    let floor = Arc::new(Floor {
        clock: Clock::starting_in(run_up),
        agenda,
        timeout: run.timeout,
        length: run.plan.duration(),
        doors,
    });
    for start in starts {
        start
            .send(Arc::clone(&floor))
            .map_err(|_| EngineError::Crashed)?;
    }
    let pacer = pacing
        .map(|arrivals| start_pacer(&floor, arrivals))
        .transpose()?;
    // Nobody listens after a second interrupt.
    let _nobody_listens = launched.send((Arc::clone(&floor), books.clone()));

    let mut busiest = Duration::ZERO;
    for worker in workers {
        let effort = worker.join().ok().flatten().ok_or(EngineError::Crashed)?;
        busiest = busiest.max(effort.busy);
    }
    let mut totals = Totals::new(stages);
    totals.elapsed = floor.clock.now();
    totals.pacing_cpu = match pacer {
        Some(pacer) => pacer.join().map_err(|_| EngineError::Crashed)?,
        None => Duration::ZERO,
    };
    for book in &books {
        totals.add(&close(book, stages));
    }
    totals.is_open_loop = matches!(run.plan.load, Load::Open(_));
    totals.scheduled = floor.agenda.given();
    totals.asked_for = floor.end();
    totals.busiest = busiest.as_secs_f64() / totals.elapsed.as_secs_f64().max(f64::MIN_POSITIVE);
    checked(totals)
}

/// Every arrival ended in exactly one class, or there is no result.
fn checked(totals: Totals) -> Result<Totals, EngineError> {
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
fn hire(run: &Run, index: usize, threads: usize, book: SharedBook) -> Result<Hired, EngineError> {
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
    let runtime = runtime::Builder::new_current_thread();
    let thread = Builder::new()
        .name(format!("worker-{index}"))
        .stack_size(STACK)
        .spawn(move || {
            let mut runtime = runtime;
            let local = runtime
                .enable_io()
                .enable_time()
                .build_local(LocalOptions::default())
                .ok()?;
            let effort = local.block_on(worker.work(opened_sender, start_receiver));
            // A look-up may still be on its way: dropping the runtime would wait for its end.
            local.shutdown_background();
            effort
        })?;
    Ok(Hired {
        thread,
        opened,
        start,
    })
}

fn start_pacer(
    floor: &Arc<Floor>,
    arrivals: Arrivals,
) -> Result<JoinHandle<Duration>, EngineError> {
    let floor = Arc::clone(floor);
    let pacer = Builder::new().name("pacer".into()).stack_size(STACK);
    Ok(pacer.spawn(move || pacer::pace(&floor, arrivals))?)
}
