//! What the tests of the whole stack share: its files, its containers, and what can be asked of them.
//!
//! `cargo test` runs the facts that stand in two places (`tests/consistency/`) and needs no container; the program
//! (`main.rs`) starts the containers and tests them from outside. What concerns one service alone is tested beside it.

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
