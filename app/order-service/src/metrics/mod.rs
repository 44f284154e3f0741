//! What is measured and how it is exposed: every instrument, one registry, one Prometheus page.
//!
//! - [`instruments`]: all instruments, made in one place, with typed methods to record into them
//! - [`labels`]: the label sets, from closed sets of values
//! - [`resource`]: the resource attributes
//! - [`exposition`]: gathering, zero-filling and encoding
//!
//! The handle is passed, never global. What orders and HTTP are: [`crate::orders`], [`crate::http`].

mod exposition;
mod instruments;
mod labels;
mod resource;

use std::error::Error;

use opentelemetry::metrics::MeterProvider;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use prometheus::Registry;
#[cfg(target_os = "linux")]
use prometheus::process_collector::ProcessCollector;

pub use exposition::{CONTENT_TYPE, Exposition};
pub use instruments::{Metrics, RequestTimer};
pub use labels::method_label;
pub use resource::{InvalidAttributes, ResourceAttributes};

use instruments::create_metrics;

use crate::orders::OrderQueue;

/// The instruments, the page they appear on, and what keeps both alive.
pub struct Telemetry {
    /// Records.
    pub metrics: Metrics,
    /// Renders `/metrics`.
    pub exposition: Exposition,
    /// Owns the pipeline: once it is dropped or shut down, nothing that is recorded reaches the page.
    pub provider: SdkMeterProvider,
}

impl Telemetry {
    /// Sets up one registry with the service's instruments and the process collector. `answers` are the answers to POST, by route
    /// and status, whose series exist from the first scrape.
    ///
    /// # Errors
    /// A collector is refused by the registry, which means that two of them claim one name.
    pub fn new(
        queue: &OrderQueue,
        attributes: ResourceAttributes,
        answers: impl IntoIterator<Item = (&'static str, u16)>,
    ) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let registry = Registry::new();
        #[cfg(target_os = "linux")]
        registry.register(Box::new(ProcessCollector::for_self()))?;
        let exporter = opentelemetry_prometheus::exporter()
            .with_registry(registry.clone())
            // There is one scope only: its labels would just get in the way of the plain queries.
            .scope_info_enabled(false)
            .build()?;
        let provider = SdkMeterProvider::builder()
            .with_reader(exporter)
            .with_resource(attributes.resource())
            .build();
        let meter = provider.meter(env!("CARGO_PKG_NAME"));
        let (metrics, zeros) = create_metrics(&meter, queue, answers);
        Ok(Self {
            metrics,
            exposition: Exposition::new(registry, zeros),
            provider,
        })
    }
}
