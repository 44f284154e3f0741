//! The HTTP interface.
//!
//! - [`routes`]: every path
//! - [`layers`]: the layers around every request, in order
//! - [`orders`], [`simulate`], [`operations`], [`index`]: the endpoints
//! - [`parameters`], [`problem`]: parameters and errors that are specific to orders
//!
//! What an order is and does: [`crate::orders`].

mod index;
mod layers;
mod operations;
mod orders;
mod parameters;
mod problem;
mod routes;
mod simulate;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pub(crate) use index::Links;
pub(crate) use routes::{answers, app};

use crate::log::FailureLog;
use crate::metrics::{Exposition, Metrics};
use crate::orders::{Admission, ServiceTime};

pub(crate) struct AppState {
    pub(crate) admission: Admission,
    pub(crate) service_time: ServiceTime,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) exposition: Exposition,
    pub(crate) log: Arc<FailureLog>,
    /// False from the moment the service is asked to stop.
    pub(crate) readiness: Readiness,
    pub(crate) settings: HttpSettings,
    pub(crate) links: Links,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HttpSettings {
    /// After this long a request is answered with 504.
    pub(crate) request_timeout: Duration,
    /// Whether clients may force failures and slowness and simulate orders.
    pub(crate) faults: bool,
}

/// Readiness: whether new orders are accepted. All clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Readiness(Arc<AtomicBool>);

impl Readiness {
    /// From now on no order is accepted.
    pub(crate) fn start_draining(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_draining(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests;
