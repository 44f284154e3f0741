//! An order, how it can end, and the trait through which both are reported.

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

/// One order as it is submitted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Order {
    /// Whether it fails, after its full service time.
    pub(crate) fail: bool,
    /// Added to the sampled service time.
    pub(crate) slowness: Duration,
}

/// How an accepted order ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderStatus {
    /// Processed as intended.
    Success,
    /// For one of the reasons in [`FailureCause`].
    Failure,
}

impl OrderStatus {
    /// Every status, for zero-filling.
    pub const ALL: [Self; 2] = [Self::Success, Self::Failure];

    /// The name in answers and in the label `status`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
        }
    }
}

/// Why an accepted order failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureCause {
    /// It was told to.
    Forced,
    /// The service stopped before it was finished.
    DrainDeadline,
    /// Its worker panicked.
    Panic,
}

/// How an order came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// By itself.
    Single,
    /// As one of a [`Simulation`](super::Simulation).
    Simulation,
}

/// Why an order was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RejectReason {
    /// No room in the queue.
    QueueFull,
    /// The service is shutting down and finishes only what it has.
    Draining,
}

impl RejectReason {
    /// Every reason, for zero-filling.
    pub const ALL: [Self; 2] = [Self::QueueFull, Self::Draining];

    /// The name in the label `reason` and in the problem's `code`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::Draining => "draining",
        }
    }
}

/// What became of an accepted order.
#[derive(Debug, Clone, Copy)]
pub struct Finished {
    /// Chosen when the order was accepted.
    pub id: Uuid,
    /// How it came in.
    pub origin: Origin,
    /// Why it failed, if it did.
    pub failure: Option<FailureCause>,
    /// Accepted to finished, the wait in the queue included.
    pub duration: Duration,
    /// Whether somebody still waits for this: a client may have gone, and a request may have timed out.
    pub awaited: bool,
}

impl Finished {
    /// How it ended.
    pub fn status(&self) -> OrderStatus {
        match self.failure {
            None => OrderStatus::Success,
            Some(_) => OrderStatus::Failure,
        }
    }
}

/// Told what happens to orders, at the moment it happens and exactly once each.
pub trait OrderEvents: Send + Sync + 'static {
    /// A worker took an order that had waited this long since it was accepted.
    fn picked_up(&self, waited: Duration);
    /// An order is finished.
    fn finished(&self, order: &Finished);
    /// An order was refused.
    fn rejected(&self, origin: Origin, reason: RejectReason);
}

/// Reports to both, one after the other.
impl<A: OrderEvents, B: OrderEvents> OrderEvents for (Arc<A>, Arc<B>) {
    fn picked_up(&self, waited: Duration) {
        self.0.picked_up(waited);
        self.1.picked_up(waited);
    }

    fn finished(&self, order: &Finished) {
        self.0.finished(order);
        self.1.finished(order);
    }

    fn rejected(&self, origin: Origin, reason: RejectReason) {
        self.0.rejected(origin, reason);
        self.1.rejected(origin, reason);
    }
}
