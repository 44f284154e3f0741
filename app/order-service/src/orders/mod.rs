//! What an order is and how it is processed: a bounded queue in front of a pool of workers.
//!
//! Nothing here knows HTTP (see [`crate::http`]) or OpenTelemetry (see [`crate::metrics`], which listens through
//! [`OrderEvents`]).

mod admission;
mod order;
mod processor;
mod queue;
mod service_time;
mod simulation;

pub use admission::{Admission, Receipt};
pub use order::{FailureCause, Finished, Order, OrderEvents, OrderStatus, Origin, RejectReason};
pub use processor::OrderProcessor;
pub use queue::OrderQueue;
pub use service_time::ServiceTime;
pub use simulation::{Simulation, Summary};
