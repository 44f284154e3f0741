//! What the tests of the whole stack share: access to its files, its containers, and their APIs.
//!
//! `cargo test` needs no container: it compares facts that are written in two places (`tests/consistency/`). The program
//! (`main.rs`) starts the containers and tests them from outside. Tests of a single service are in its own folder.

#![expect(
    clippy::missing_errors_doc,
    reason = "every error here means that something did not answer as it should"
)]

pub mod dashboards;
pub mod grafana;
pub mod http;
pub mod load;
pub mod prometheus;
pub mod report;
pub mod repository;
pub mod stack;
