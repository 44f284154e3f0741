//! The service from outside, on a real port: what the contract says, and nothing of how it is done.

mod errors;
mod metrics;
mod operations;
mod orders;
mod process;
mod simulate;
mod support;
