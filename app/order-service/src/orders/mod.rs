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

pub(crate) use admission::Admission;
pub(crate) use order::Order;
pub use order::{FailureCause, Finished, OrderEvents, OrderStatus, Origin, RejectReason};
pub(crate) use processor::OrderProcessor;
pub use queue::OrderQueue;
pub(crate) use service_time::ServiceTime;
pub(crate) use simulation::{Simulation, Summary};
