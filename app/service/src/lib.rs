//! What every HTTP service of this workspace does alike, so that an operator who knows one knows all.
//!
//! - [`program`]: commands, exit codes and usage of the binary
//! - [`config`]: settings from the environment, all errors at once
//! - [`logging`]: the log
//! - [`signals`]: when to stop
//! - [`healthcheck`]: how a container without shell asks itself
//! - [`problem`]: errors as RFC 9457 problem details
//! - [`parameters`]: strict query parsing
//!
//! Only what two services need the same belongs here; what one of them needs stays with it.

pub mod config;
pub mod healthcheck;
pub mod logging;
pub mod parameters;
pub mod problem;
pub mod program;
pub mod signals;
