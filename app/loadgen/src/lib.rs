//! An open-loop load generator that tells the truth about latency.
//!
//! A scenario is a rate over time ([`scenario`], [`schedule`]); its k-th arrival has an intended instant in closed form. A pacing
//! thread wakes workers at those instants and never waits for the target ([`engine`]); every arrival ends in exactly one
//! class, with lag, service and response time ([`ledger`]); thresholds and the validity of the run are judged
//! ([`verdict`], [`threshold`]) and shown to people and programs ([`live`], [`report`]). The entry point is [`app`].
//!
//! The crate `drill` makes incidents with the same engine, through [`load`].

#![allow(
    rustdoc::private_intra_doc_links,
    reason = "documentation is built with private items"
)]

pub mod app;
pub mod cli;
mod clock;
mod engine;
mod http;
pub mod ledger;
mod live;
pub mod load;
mod preflight;
mod process;
mod report;
pub mod scenario;
mod schedule;
mod settings;
pub mod target;
mod threshold;
mod values;
mod verdict;
