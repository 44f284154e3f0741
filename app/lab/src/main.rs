//! The door: what was asked for, done, and an exit code that says how it went.

use std::process::ExitCode;

use lab::command::{Command, USAGE};
use lab::interrupt::{Interrupt, Interrupted};
use lab::practice::Incomplete;

/// As shells report a program that SIGINT ended.
const INTERRUPTED: u8 = 130;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let command = match Command::parse(&arguments) {
        Ok(command) => command,
        Err(problem) => {
            eprintln!("lab: {problem}\n\n{USAGE}");
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
        Err(failure) if failure.is::<Incomplete>() => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("lab: {failure:#}");
            ExitCode::FAILURE
        }
    }
}
