//! What the tests of the whole stack share.
//!
//! `cargo test` runs the facts that stand in two places (`tests/consistency/`) and needs no container; the program
//! (`main.rs`) starts the containers and tests them from outside. What concerns one service alone is tested beside it.

pub mod dashboards;
pub mod repository;
