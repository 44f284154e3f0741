//! What all HTTP services of this workspace have in common, so that an operator who knows one knows them all.
//!
//! - [`program`]: commands, exit codes and usage of the binary
//! - [`config`]: settings from the environment, all errors at once
//! - [`logging`]: the log
//! - [`signals`]: the signals that end a service
//! - [`healthcheck`]: how a container without a shell checks itself
//! - [`server`]: HTTP within limits
//! - [`problem`]: errors as RFC 9457 problem details
//! - [`parameters`]: strict query parsing
//! - [`browser`]: headers for pages that people open
//! - `testing`: how their tests start them and speak to them
//!
//! Only what at least two services need belongs here; what a single one needs stays there.

pub mod browser;
pub mod config;
pub mod healthcheck;
pub mod logging;
pub mod parameters;
pub mod problem;
pub mod program;
pub mod server;
pub mod signals;
#[cfg(feature = "testing")]
pub mod testing;
