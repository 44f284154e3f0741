//! The service as others see it: a real port, and a Prometheus that says what it was asked.

mod dashboards;
mod page;
mod prometheus;
mod support;
