//! Admission of orders: accepted into the queue, or refused with a reason.
//!
//! What happens to an accepted order: [`super::processor`].

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::Instant;
use uuid::{Builder, Uuid};

use super::queue::{AcceptedOrder, Place};
use super::{Finished, Order, OrderEvents, OrderQueue, Origin, RejectReason};

/// What there is for an accepted order. Dropping it changes nothing for the order.
#[derive(Debug)]
pub(crate) struct Receipt {
    id: Uuid,
    finished: oneshot::Receiver<Finished>,
}

impl Receipt {
    pub(crate) fn id(&self) -> Uuid {
        self.id
    }

    /// Waits until the order is finished.
    pub(crate) async fn finished(self) -> Finished {
        self.finished
            .await
            .expect("a worker answers every order that was accepted")
    }
}

/// Accepts orders. Cheap to clone; all clones share the queue.
#[derive(Clone)]
pub(crate) struct Admission {
    queue: OrderQueue,
    events: Arc<dyn OrderEvents>,
    /// Half the queue, which is what all simulations together may hold: they leave the other half to `/orders`. At least one
    /// place, or a queue for one order could serve no simulation.
    simulation_slots: Arc<Semaphore>,
}

impl Admission {
    pub(super) fn new(queue: OrderQueue, events: Arc<dyn OrderEvents>) -> Self {
        let half = (queue.capacity() / 2).max(1);
        Self {
            queue,
            events,
            simulation_slots: Arc::new(Semaphore::new(half)),
        }
    }

    /// The queue, to read its figures.
    pub(crate) fn queue(&self) -> &OrderQueue {
        &self.queue
    }

    /// Accepts the order if there is room for it now.
    pub(crate) fn accept(&self, order: Order) -> Result<Receipt, RejectReason> {
        self.refuse_when_closed(Origin::Single)?;
        match Arc::clone(&self.queue.places).try_acquire_owned() {
            Ok(in_queue) => self.admit(
                Origin::Single,
                order,
                Place {
                    _in_queue: in_queue,
                    _in_half: None,
                },
            ),
            Err(_no_permit) => Err(self.reject(Origin::Single, RejectReason::QueueFull)),
        }
    }

    /// Waits for room, then accepts the order. All orders that come in this way get at most half the queue. Nothing is
    /// accepted before this returns, so it can be dropped at any time.
    pub(crate) async fn accept_when_there_is_room(
        &self,
        order: Order,
    ) -> Result<Receipt, RejectReason> {
        self.refuse_when_closed(Origin::Simulation)?;
        let in_half = permit(&self.simulation_slots).await;
        let in_queue = permit(&self.queue.places).await;
        self.admit(
            Origin::Simulation,
            order,
            Place {
                _in_queue: in_queue,
                _in_half: Some(in_half),
            },
        )
    }

    pub(super) fn close(&self) {
        self.queue.sender.close();
    }

    fn refuse_when_closed(&self, origin: Origin) -> Result<(), RejectReason> {
        if self.queue.sender.is_closed() {
            Err(self.reject(origin, RejectReason::Draining))
        } else {
            Ok(())
        }
    }

    /// The moment of acceptance: from here on the order will be finished and counted.
    fn admit(&self, origin: Origin, order: Order, place: Place) -> Result<Receipt, RejectReason> {
        let (reply, finished) = oneshot::channel();
        // Random, without asking the operating system for each.
        let id = Builder::from_random_bytes(rand::random()).into_uuid();
        let accepted = AcceptedOrder {
            id,
            origin,
            order,
            accepted_at: Instant::now(),
            reply,
            place,
        };
        self.queue
            .sender
            .try_send(accepted)
            .map(|()| Receipt { id, finished })
            // An unbounded channel refuses only when it is closed.
            .map_err(|_closed| self.reject(origin, RejectReason::Draining))
    }

    fn reject(&self, origin: Origin, reason: RejectReason) -> RejectReason {
        self.events.rejected(origin, reason);
        reason
    }
}

async fn permit(semaphore: &Arc<Semaphore>) -> OwnedSemaphorePermit {
    Arc::clone(semaphore)
        .acquire_owned()
        .await
        .expect("these semaphores are never closed")
}
