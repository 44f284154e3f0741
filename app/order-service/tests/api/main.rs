//! The service from outside, on a real port: what it promises, not how it keeps the promise.

mod errors;
mod instruments;
mod log;
mod metrics;
mod operations;
mod orders;
mod process;
mod simulate;
mod support;
