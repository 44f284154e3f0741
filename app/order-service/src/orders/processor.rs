//! The workers: they take orders from the queue, spend the service time on them, and report the outcome.
//!
//! An accepted order belongs to the worker, not to the request that brought it: a client that hangs up changes nothing. An order
//! on which its worker panics is a failed one, and the worker goes on.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use super::queue::AcceptedOrder;
use super::{Admission, FailureCause, Finished, Order, OrderEvents, OrderQueue};

pub(crate) struct OrderProcessor {
    admission: Admission,
    workers: JoinSet<()>,
    drain_deadline: CancellationToken,
}

impl OrderProcessor {
    /// Starts the queue's workers, which ask `service_time` once for every order. Must be called inside a tokio runtime.
    pub(crate) fn start(
        queue: OrderQueue,
        service_time: impl Fn() -> Duration + Send + Sync + 'static,
        events: Arc<dyn OrderEvents>,
    ) -> Self {
        let drain_deadline = CancellationToken::new();
        let service_time = Arc::new(service_time);
        let mut workers = JoinSet::new();
        for _ in 0..queue.workers() {
            let worker = Worker {
                queue: queue.clone(),
                service_time: Arc::clone(&service_time),
                events: Arc::clone(&events),
                drain_deadline: drain_deadline.clone(),
            };
            workers.spawn(worker.run());
        }
        Self {
            admission: Admission::new(queue, events),
            workers,
            drain_deadline,
        }
    }

    pub(crate) fn admission(&self) -> Admission {
        self.admission.clone()
    }

    /// Accepts nothing more, finishes what was accepted, and after `deadline` ends what is left as failed. Every accepted
    /// order has been counted when this returns.
    pub(crate) async fn drain(mut self, deadline: Duration) {
        self.admission.close();
        let queue = self.admission.queue();
        info!(
            queued = queue.depth(),
            in_progress = queue.workers_busy(),
            deadline_seconds = deadline.as_secs_f64(),
            "draining"
        );
        if timeout(deadline, join_all(&mut self.workers))
            .await
            .is_err()
        {
            self.drain_deadline.cancel();
            join_all(&mut self.workers).await;
        }
    }
}

async fn join_all(workers: &mut JoinSet<()>) {
    while let Some(ended) = workers.join_next().await {
        if let Err(failure) = ended {
            error!(error = %failure, "a worker ended early");
        }
    }
}

struct Worker<T> {
    queue: OrderQueue,
    service_time: Arc<T>,
    events: Arc<dyn OrderEvents>,
    drain_deadline: CancellationToken,
}

impl<T: Fn() -> Duration> Worker<T> {
    /// Processes orders until the queue is closed and empty.
    async fn run(self) {
        while let Ok(accepted) = self.queue.receiver.recv().await {
            self.process(accepted).await;
        }
    }

    async fn process(&self, accepted: AcceptedOrder) {
        let AcceptedOrder {
            id,
            origin,
            order,
            accepted_at,
            reply,
            place,
        } = accepted;
        let busy = self.queue.occupy_worker();
        drop(place);
        self.events.picked_up(accepted_at.elapsed());

        let worked = AssertUnwindSafe(self.work(order)).catch_unwind().await;
        let finished = Finished {
            id,
            origin,
            // What the panic was about is logged by the panic hook.
            failure: worked.unwrap_or(Some(FailureCause::Panic)),
            duration: accepted_at.elapsed(),
            awaited: !reply.is_closed(),
        };
        // Counted before it is answered: whoever has the answer finds the order in the metrics.
        self.events.finished(&finished);
        drop(busy);
        // The client may have gone; the order is finished and counted all the same.
        let _ = reply.send(finished);
    }

    /// Why the order failed, if it did.
    async fn work(&self, order: Order) -> Option<FailureCause> {
        let finished_in_time = self.spend((self.service_time)() + order.slowness).await;
        if !finished_in_time {
            Some(FailureCause::DrainDeadline)
        } else if order.fail {
            Some(FailureCause::Forced)
        } else {
            None
        }
    }

    /// True when the time could be spent, false when the drain deadline came first.
    async fn spend(&self, time: Duration) -> bool {
        if self.drain_deadline.is_cancelled() {
            return false;
        }
        if time.is_zero() {
            return true;
        }
        tokio::select! {
            () = sleep(time) => true,
            () = self.drain_deadline.cancelled() => false,
        }
    }
}

#[cfg(test)]
mod tests;
