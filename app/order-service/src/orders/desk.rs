//! Where orders are handed in: accepted into the queue, or refused with a reason.
//!
//! What happens to an accepted order: [`super::processor`].

use std::sync::Arc;

use async_channel::TrySendError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::Instant;
use uuid::Uuid;

use super::queue::AcceptedOrder;
use super::{Finished, Order, OrderEvents, OrderQueue, RejectReason};

/// Resolves when the accepted order is finished. Dropping it changes nothing for the order.
pub type Receipt = oneshot::Receiver<Finished>;

/// Accepts orders. Cheap to clone; all clones share the queue.
#[derive(Clone)]
pub struct OrderDesk {
    queue: OrderQueue,
    events: Arc<dyn OrderEvents>,
    /// Half the queue: what all simulations together may hold, so that `/orders` always finds the other half.
    simulation_slots: Arc<Semaphore>,
}

impl OrderDesk {
    pub(super) fn new(queue: OrderQueue, events: Arc<dyn OrderEvents>) -> Self {
        let half = (queue.capacity() / 2).max(1);
        Self {
            queue,
            events,
            simulation_slots: Arc::new(Semaphore::new(half)),
        }
    }

    /// The queue behind this desk, to read its figures.
    pub fn queue(&self) -> &OrderQueue {
        &self.queue
    }

    /// Accepts the order if there is room for it now.
    ///
    /// # Errors
    /// The queue is full, or the service is draining.
    pub fn accept(&self, order: Order) -> Result<Receipt, RejectReason> {
        let (accepted, receipt) = Self::admit(order, None);
        self.queue
            .sender
            .try_send(accepted)
            .map(|()| receipt)
            .map_err(|refused| {
                self.reject(match refused {
                    TrySendError::Full(_) => RejectReason::QueueFull,
                    TrySendError::Closed(_) => RejectReason::Draining,
                })
            })
    }

    /// Waits for room, at most half the queue being lent to simulations, then accepts the order. Until it returns nothing
    /// is accepted, so that it can be dropped at any time.
    ///
    /// # Errors
    /// The service is draining.
    pub async fn accept_when_there_is_room(&self, order: Order) -> Result<Receipt, RejectReason> {
        let slot = Arc::clone(&self.simulation_slots)
            .acquire_owned()
            .await
            .expect("this semaphore is never closed");
        let (accepted, receipt) = Self::admit(order, Some(slot));
        self.queue
            .sender
            .send(accepted)
            .await
            .map(|()| receipt)
            .map_err(|_closed| self.reject(RejectReason::Draining))
    }

    /// Accepts nothing from now on.
    pub(super) fn close(&self) {
        self.queue.sender.close();
    }

    fn admit(
        order: Order,
        simulation_slot: Option<OwnedSemaphorePermit>,
    ) -> (AcceptedOrder, Receipt) {
        let (reply, receipt) = oneshot::channel();
        let accepted = AcceptedOrder {
            id: Uuid::new_v4(),
            order,
            accepted_at: Instant::now(),
            reply,
            simulation_slot,
        };
        (accepted, receipt)
    }

    fn reject(&self, reason: RejectReason) -> RejectReason {
        self.events.rejected(reason);
        reason
    }
}
