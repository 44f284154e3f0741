//! The workers under paused time: how long an order takes, and how it ends when the service stops.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};

use super::*;
use crate::orders::{OrderStatus, Origin, RejectReason, ServiceTime, Simulation};

/// Keeps what it is told.
#[derive(Default)]
struct Ledger {
    waits: Mutex<Vec<Duration>>,
    finished: Mutex<Vec<Option<FailureCause>>>,
    rejected: Mutex<Vec<RejectReason>>,
}

impl OrderEvents for Ledger {
    fn picked_up(&self, waited: Duration) {
        lock(&self.waits).push(waited);
    }

    fn finished(&self, order: &Finished) {
        lock(&self.finished).push(order.failure);
    }

    fn rejected(&self, _origin: Origin, reason: RejectReason) {
        lock(&self.rejected).push(reason);
    }
}

fn lock<T>(list: &Mutex<T>) -> MutexGuard<'_, T> {
    list.lock().expect("nobody panics while holding it")
}

/// One worker that adds no service time of its own.
fn start(capacity: usize) -> (Arc<Ledger>, OrderProcessor) {
    start_with(ServiceTime::new(Duration::ZERO, 0.0), capacity)
}

fn start_with(service_time: ServiceTime, capacity: usize) -> (Arc<Ledger>, OrderProcessor) {
    let ledger = Arc::new(Ledger::default());
    let queue = OrderQueue::new(capacity, 1);
    let processor = OrderProcessor::start(queue, service_time.sampler(), ledger.clone());
    (ledger, processor)
}

fn slow(seconds: u64) -> Order {
    Order {
        fail: false,
        slowness: Duration::from_secs(seconds),
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_caught_by_a_drain_is_finished_as_far_as_it_was_accepted() {
    let (ledger, processor) = start(4);
    let admission = processor.admission();
    let batch = Simulation {
        count: 10,
        error_rate: 0.0,
        slow_rate: 1.0,
        slowness: Duration::from_secs(1),
        seed: 1,
    };
    let summary = tokio::spawn(async move { batch.run(&admission).await });
    sleep(Duration::from_millis(2_500)).await;

    processor.drain(Duration::from_secs(20)).await;

    // By then two were finished, one was in work, two (half the queue) were queued, and the sixth was waiting for room.
    let summary = summary.await.expect("no panic");
    assert_eq!(
        (summary.succeeded, summary.failed, summary.rejected),
        (5, 0, 5)
    );
    assert_eq!(*lock(&ledger.finished), [None; 5]);
    assert_eq!(*lock(&ledger.rejected), [RejectReason::Draining; 5]);
}

#[tokio::test(start_paused = true)]
async fn the_wait_for_a_place_is_no_wait_in_the_queue() {
    let (ledger, processor) = start(2);
    let admission = processor.admission();
    let first = admission.accept(slow(10)).expect("there is room");
    tokio::task::yield_now().await;
    let mut receipts = vec![first];
    for _ in 0..2 {
        receipts.push(admission.accept(slow(10)).expect("there is room"));
    }
    assert_eq!(
        admission.accept(slow(10)).err(),
        Some(RejectReason::QueueFull)
    );

    // Gets a place after 10 s, when the second order is picked up, and then waits for two orders of 10 s.
    receipts.push(
        admission
            .accept_when_there_is_room(slow(10))
            .await
            .expect("not draining"),
    );
    for receipt in receipts {
        receipt.finished().await;
    }

    let waits: Vec<_> = lock(&ledger.waits).iter().map(Duration::as_secs).collect();
    assert_eq!(waits, [0, 10, 20, 20]);
}

#[tokio::test(start_paused = true)]
async fn an_order_takes_its_service_time_and_its_slowness_on_top() {
    let (_ledger, processor) = start_with(ServiceTime::new(Duration::from_millis(200), 0.0), 1);
    for (slowness, expected) in [(0, 0.2), (3, 3.2)] {
        let receipt = processor.admission().accept(slow(slowness));
        let finished = receipt.expect("there is room").finished().await;
        let seconds = finished.duration.as_secs_f64();
        // tokio's clock ticks once a millisecond.
        assert!((seconds - expected).abs() < 0.002, "{seconds}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_fails_the_order_and_the_worker_goes_on() {
    const WORKERS: usize = 32;
    let ledger = Arc::new(Ledger::default());
    let queue = OrderQueue::new(2 * WORKERS, WORKERS);
    let panics = Arc::new(AtomicUsize::new(0));
    let service_time = {
        let panics = Arc::clone(&panics);
        move || {
            let more =
                panics.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
            assert!(more.is_err(), "on purpose");
            Duration::from_secs(1)
        }
    };
    let processor = OrderProcessor::start(queue.clone(), service_time, ledger.clone());
    let admission = processor.admission();

    // One worker, then all of them at once.
    for count in [1, WORKERS] {
        panics.store(count, Ordering::Relaxed);
        let accept = || admission.accept(slow(0)).expect("there is room");
        let receipts: Vec<_> = (0..count).map(|_| accept()).collect();
        for receipt in receipts {
            let finished = receipt.finished().await;
            assert_eq!(finished.failure, Some(FailureCause::Panic));
            assert_eq!(finished.status(), OrderStatus::Failure);
        }
    }
    assert_eq!(queue.workers_busy(), 0);

    // Every worker is still there: that many orders are in work at the same time.
    for _ in 0..WORKERS {
        admission.accept(slow(0)).expect("there is room");
    }
    sleep(Duration::from_millis(500)).await;
    assert_eq!((queue.workers_busy(), queue.workers()), (WORKERS, WORKERS));
    processor.drain(Duration::from_secs(5)).await;
    let finished = lock(&ledger.finished);
    let panicked = finished.iter().filter(|failure| failure.is_some()).count();
    assert_eq!((finished.len(), panicked), (2 * WORKERS + 1, WORKERS + 1));
}
