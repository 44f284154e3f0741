//! The lab: experiments that answer the questions of the guide in `docs/`, and practice in the repository's own files.
//!
//! - [`command`]: what can be asked for
//! - [`experiments`]: one file a question; they work on a [`bench`](Bench), show themselves on a [`screen`], and
//!   put back what they change ([`undo`]), also after a signal ([`interrupt`])
//! - [`practice`]: takes out of a file what a learner should write, checks what is there, puts the solution back
//! - [`documents`]: runs the commands of the guide and compares what they print
//!
//! Proofs that alerts arrive are drills of the load generator, not experiments; tests of the stack are in `stack-tests`.

pub mod bench;
pub mod command;
pub mod documents;
pub mod experiments;
pub mod interrupt;
pub mod practice;
mod programs;
pub mod screen;
pub mod undo;

pub use bench::Bench;
