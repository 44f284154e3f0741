//! The lab: experiments that answer the questions of the guide in `docs/`, and the check of the guide itself. `scripts/lab` starts it.
//!
//! - [`command`]: the commands
//! - [`experiments`]: one file a question; they work on a [`mod@bench`], print to a [`screen`], and put back what they change ([`undo`]),
//!   also after a signal ([`interrupt`])
//! - [`panels`]: marks the dashboard that a learner has built; the other exercises are marked by the project's own tests
//! - [`documents`]: runs the commands of the guide and compares what they print
//!
//! Proofs that alerts arrive are drills, not experiments; tests of the stack are in `stack-tests`.

mod bench;
mod command;
mod documents;
mod experiments;
mod interrupt;
mod panels;
mod programs;
mod screen;
mod undo;

use std::process::ExitCode;

use command::Command;
use interrupt::{Interrupt, Interrupted};

/// As shells report a program that SIGINT ended.
const INTERRUPTED: u8 = 130;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let command = match Command::parse(&arguments) {
        Ok(command) => command,
        Err(problem) => {
            eprintln!("lab: {problem}\nAll commands: scripts/lab --help");
            return ExitCode::from(2);
        }
    };
    let result = Interrupt::listen()
        .map_err(anyhow::Error::from)
        .and_then(|interrupt| command.run(&interrupt));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) if failure.is::<Interrupted>() => {
            eprintln!("lab: interrupted; all changes have been undone");
            ExitCode::from(INTERRUPTED)
        }
        Err(failure) => {
            eprintln!("lab: {failure:#}");
            ExitCode::FAILURE
        }
    }
}
