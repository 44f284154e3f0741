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
use std::time::Duration;

use tokio_util::sync::CancellationToken;

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
    /// Cancelled when the service is asked to stop: from then on it is not ready.
    pub(crate) draining: CancellationToken,
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

#[cfg(test)]
mod tests;
