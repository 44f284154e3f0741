//! The bounded queue and the figures that can be read off it at any time.
//!
//! Reads are off the order path: depth is the channel's own length and the busy workers are one atomic. Who puts
//! orders in: [`super::admission`]. Who takes them out: [`super::processor`].
//!
//! The channel itself has no bound. A place in the queue is a permit that an order gets before it is accepted: its wait in the
//! queue begins with the permit, and does not include the wait for one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_channel::{Receiver, Sender};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::Instant;
use uuid::Uuid;

use super::{Finished, Order, Origin};

/// An order that will be finished and counted, whatever its client does.
#[derive(Debug)]
pub(super) struct AcceptedOrder {
    pub(super) id: Uuid,
    pub(super) origin: Origin,
    pub(super) order: Order,
    pub(super) accepted_at: Instant,
    pub(super) reply: oneshot::Sender<Finished>,
    /// Its place in the queue, given back when a worker picks the order up.
    pub(super) place: Place,
}

/// What an order occupies while it waits.
#[derive(Debug)]
pub(super) struct Place {
    /// One of the queue's places.
    pub(super) _in_queue: OwnedSemaphorePermit,
    /// For an order of a simulation, one of the places that simulations may take.
    pub(super) _in_half: Option<OwnedSemaphorePermit>,
}

/// A bounded queue of accepted orders, and the size of the worker pool behind it.
#[derive(Debug, Clone)]
pub struct OrderQueue {
    pub(super) sender: Sender<AcceptedOrder>,
    pub(super) receiver: Receiver<AcceptedOrder>,
    pub(super) places: Arc<Semaphore>,
    capacity: usize,
    workers: usize,
    busy: Arc<AtomicUsize>,
}

impl OrderQueue {
    /// A queue for `capacity` waiting orders in front of `workers` workers; both at least 1.
    pub fn new(capacity: usize, workers: usize) -> Self {
        let (sender, receiver) = async_channel::unbounded();
        Self {
            sender,
            receiver,
            places: Arc::new(Semaphore::new(capacity)),
            capacity,
            workers,
            busy: Arc::default(),
        }
    }

    /// Orders accepted and not yet picked up.
    pub fn depth(&self) -> usize {
        self.receiver.len()
    }

    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    pub(crate) fn workers(&self) -> usize {
        self.workers
    }

    /// Workers that have an order in hand.
    pub fn workers_busy(&self) -> usize {
        self.busy.load(Ordering::Relaxed)
    }

    /// Counts one worker as busy for as long as the guard lives.
    pub(super) fn occupy_worker(&self) -> BusyWorker<'_> {
        self.busy.fetch_add(1, Ordering::Relaxed);
        BusyWorker(&self.busy)
    }
}

pub(super) struct BusyWorker<'a>(&'a AtomicUsize);

impl Drop for BusyWorker<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
