//! Tests of the load generator from outside: its process, its output and its library for other programs.
//!
//! They assert only what doesn't depend on the machine: counts, lower bounds of times, classes, exit codes. How close the
//! figures come to the formulas on a given machine is printed by `scripts/bench`.

mod exit_codes;
mod faulty_targets;
mod interrupts;
mod loads;
mod screens;
mod strict_servers;
mod summary;
mod support;
mod waiting;
