//! The nouns of the business: an order, how it can end, and who is told.

use std::time::Duration;

use uuid::Uuid;

/// One order as it is handed in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Order {
    /// Whether it fails, after its full service time.
    pub fail: bool,
    /// Added to the sampled service time.
    pub slowness: Duration,
}

/// How an accepted order ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderStatus {
    /// Processed as intended.
    Success,
    /// Forced to fail, or cut short by the drain deadline.
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
    /// How it ended.
    pub status: OrderStatus,
    /// Accepted to finished, the wait in the queue included.
    pub duration: Duration,
}

/// Told what happens to orders, at the moment it happens and exactly once each.
pub trait OrderEvents: Send + Sync + 'static {
    /// A worker took an order that had waited this long since it was accepted.
    fn picked_up(&self, waited: Duration);
    /// An order is finished, this long after it was accepted.
    fn finished(&self, status: OrderStatus, duration: Duration);
    /// An order was refused.
    fn rejected(&self, reason: RejectReason);
}
