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

pub use index::Links;
pub use routes::{answers, app};

use crate::log::FailureLog;
use crate::metrics::{Exposition, Metrics};
use crate::orders::{Admission, ServiceTime};

/// The state that the endpoints share.
pub struct AppState {
    /// Accepts orders.
    pub admission: Admission,
    /// Estimates how long a batch takes.
    pub service_time: ServiceTime,
    /// Records requests.
    pub metrics: Arc<Metrics>,
    /// Renders `/metrics`.
    pub exposition: Exposition,
    /// Logs why requests failed.
    pub log: Arc<FailureLog>,
    /// False from the moment the service is asked to stop.
    pub readiness: Readiness,
    /// What the settings say about HTTP.
    pub settings: HttpSettings,
    /// What the first page links.
    pub links: Links,
}

/// The settings that concern requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpSettings {
    /// After this long a request is answered with 504.
    pub request_timeout: Duration,
    /// Whether clients may force failures and slowness and simulate orders.
    pub faults: bool,
}

/// Readiness: whether new orders are accepted. All clones share it.
#[derive(Debug, Clone, Default)]
pub struct Readiness(Arc<AtomicBool>);

impl Readiness {
    /// From now on no order is accepted.
    pub fn start_draining(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_draining(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests;
