//! The workers under paused time: what an order takes, and what becomes of it when the service stops.

use std::sync::Mutex;

use super::*;
use crate::orders::{Order, RejectReason, Simulation};

/// Keeps what it is told.
#[derive(Default)]
struct Ledger {
    waits: Mutex<Vec<Duration>>,
    finished: Mutex<Vec<OrderStatus>>,
    rejected: Mutex<Vec<RejectReason>>,
}

impl OrderEvents for Ledger {
    fn picked_up(&self, waited: Duration) {
        self.waits.lock().expect("no panic holds it").push(waited);
    }

    fn finished(&self, status: OrderStatus, _duration: Duration) {
        self.finished
            .lock()
            .expect("no panic holds it")
            .push(status);
    }

    fn rejected(&self, reason: RejectReason) {
        self.rejected
            .lock()
            .expect("no panic holds it")
            .push(reason);
    }
}

/// One worker that adds no service time of its own.
fn start(capacity: usize) -> (Arc<Ledger>, OrderProcessor) {
    start_with(ServiceTime::new(Duration::ZERO, 0.0), capacity)
}

fn start_with(service_time: ServiceTime, capacity: usize) -> (Arc<Ledger>, OrderProcessor) {
    let ledger = Arc::new(Ledger::default());
    let queue = OrderQueue::new(capacity, 1);
    let processor = OrderProcessor::start(queue, service_time, ledger.clone());
    (ledger, processor)
}

fn slow(seconds: u64) -> Order {
    Order {
        fail: false,
        slowness: Duration::from_secs(seconds),
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_left_at_the_drain_deadline_is_counted_as_failed_once_each() {
    let (ledger, processor) = start(10);
    let desk = processor.desk();
    let in_time = desk.accept(slow(1)).expect("there is room");
    let in_work = desk.accept(slow(60)).expect("there is room");
    let queued = desk.accept(slow(60)).expect("there is room");

    processor.drain(Duration::from_secs(5)).await;

    let ended = [in_time, in_work, queued].map(|mut receipt| {
        let finished = receipt.try_recv().expect("every order is answered");
        finished.status
    });
    let expected = [
        OrderStatus::Success,
        OrderStatus::Failure,
        OrderStatus::Failure,
    ];
    assert_eq!(ended, expected);
    assert_eq!(
        *ledger.finished.lock().expect("no panic holds it"),
        expected
    );
    assert_eq!(desk.accept(slow(0)).err(), Some(RejectReason::Draining));
}

#[tokio::test(start_paused = true)]
async fn a_batch_caught_by_a_drain_is_finished_as_far_as_it_was_accepted() {
    let (ledger, processor) = start(4);
    let desk = processor.desk();
    let batch = Simulation {
        count: 10,
        error_rate: 0.0,
        slow_rate: 1.0,
        slowness: Duration::from_secs(1),
        seed: 1,
    };
    let summary = tokio::spawn(async move { batch.run(&desk).await });
    sleep(Duration::from_millis(2_500)).await;

    processor.drain(Duration::from_secs(20)).await;

    // By then two were finished, one was in work, two (half the queue) were queued, and the sixth was waiting for room.
    let summary = summary.await.expect("no panic");
    assert_eq!(
        (summary.succeeded, summary.failed, summary.rejected),
        (5, 0, 5)
    );
    let finished = ledger.finished.lock().expect("no panic holds it");
    assert_eq!(*finished, [OrderStatus::Success; 5]);
    let rejected = ledger.rejected.lock().expect("no panic holds it");
    assert_eq!(*rejected, [RejectReason::Draining; 5]);
}

#[tokio::test(start_paused = true)]
async fn the_wait_for_a_place_is_no_wait_in_the_queue() {
    let (ledger, processor) = start(2);
    let desk = processor.desk();
    let first = desk.accept(slow(10)).expect("there is room");
    tokio::task::yield_now().await;
    let mut receipts = vec![first];
    for _ in 0..2 {
        receipts.push(desk.accept(slow(10)).expect("there is room"));
    }
    assert_eq!(desk.accept(slow(10)).err(), Some(RejectReason::QueueFull));

    // Gets a place after 10 s, when the second order is picked up, and then waits for two orders of 10 s.
    receipts.push(
        desk.accept_when_there_is_room(slow(10))
            .await
            .expect("not draining"),
    );
    for receipt in receipts {
        receipt.await.expect("every order is answered");
    }

    let waits: Vec<_> = ledger
        .waits
        .lock()
        .expect("no panic holds it")
        .iter()
        .map(Duration::as_secs)
        .collect();
    assert_eq!(waits, [0, 10, 20, 20]);
}

#[tokio::test(start_paused = true)]
async fn an_order_takes_its_service_time_and_its_slowness_on_top() {
    let (_ledger, processor) = start_with(ServiceTime::new(Duration::from_millis(200), 0.0), 1);
    for (slowness, expected) in [(0, 0.2), (3, 3.2)] {
        let receipt = processor.desk().accept(slow(slowness));
        let finished = receipt.expect("there is room").await.expect("answered");
        let seconds = finished.duration.as_secs_f64();
        // tokio's clock ticks once a millisecond.
        assert!((seconds - expected).abs() < 0.002, "{seconds}");
    }
}
