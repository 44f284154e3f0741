//! The stack from outside: the files of this repository, its containers, and their APIs.
//!
//! - [`repository`], [`rules`], [`alertmanager`], [`dashboards`], [`markdown`]: the files as data; [`promql`]: a query taken apart
//! - [`project`]: a running stack, a compose project; [`http`], [`prometheus`]: its APIs
//! - `browser`: what its pages show
//!
//! The tests that use it are in `stack-tests`, the experiments in `lab`. What reads files panics where they are not there, or not as
//! their program has them: for a test, that is the finding.

#![expect(
    clippy::missing_errors_doc,
    reason = "every error here means that something did not answer as it should"
)]

pub mod alertmanager;
#[cfg(feature = "browser")]
pub mod browser;
pub mod dashboards;
pub mod http;
pub mod markdown;
pub mod project;
pub mod prometheus;
pub mod promql;
pub mod repository;
pub mod rules;
