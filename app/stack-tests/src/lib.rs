//! The names that `lab` knows the crate `stack` by.

pub use ::stack::{http, project as stack, prometheus, repository};
