//! A simulated order-processing service, instrumented with OpenTelemetry metrics.
//!
//! A tour: [`server`] builds the service from its [`config`] and runs it; [`http`] is its interface; [`orders`] is what it
//! does; [`metrics`] is what it reports, and [`log`] what it logs. Dependencies point that way and never back: orders know neither HTTP nor
//! OpenTelemetry. What all services have in common (settings, log, signals, error answers) is in the crate `service`.

pub mod config;
mod http;
mod log;
pub mod metrics;
pub mod orders;
pub mod server;
