//! Tests of the load generator from outside: its mathematics, its engine against a mock target, and its process.
//!
//! They assert only what doesn't depend on the machine: counts, lower bounds of times, classes, exit codes. How close the
//! figures come to the formulas on a given machine is printed by `scripts/bench`.

mod accounts;
mod exit_codes;
mod faulty_targets;
mod interrupts;
mod judgement;
mod loads;
mod omission;
mod pacing;
mod schedules;
mod screens;
mod stalls;
mod strict_servers;
mod summary;
mod support;
mod waiting;
