//! The lab: experiments that answer the questions of the guide in `docs/`, and the check of the guide itself. `scripts/lab` starts it;
//! its usage describes the commands.
//!
//! - [`experiments`]: one file a question; they work on a [`mod@bench`], print to a [`screen`], and put back what they change,
//!   also after a signal ([`interrupt`])
//! - [`panels`]: marks the dashboard that a learner has built; the other exercises are marked by the project's own tests
//! - [`documents`]: runs the commands of the guide and compares what they print
//!
//! Proofs that alerts arrive are drills, not experiments; tests of the stack are in `stack-tests`.

mod bench;
mod documents;
mod experiments;
mod interrupt;
mod panels;
mod programs;
mod screen;

use std::process::ExitCode;

use anyhow::{Result, bail};

use bench::Bench;
use interrupt::{Interrupt, Interrupted};

/// As shells report a program that SIGINT ended.
const INTERRUPTED: u8 = 130;

/// What to do; it ends early once there is a signal.
type Command = Box<dyn Fn(&Interrupt) -> Result<()>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let command = match command(&words) {
        Ok(command) => command,
        Err(problem) => {
            eprintln!("lab: {problem}\nAll commands: scripts/lab --help");
            return ExitCode::from(2);
        }
    };
    let interrupt = Interrupt::listen().map_err(anyhow::Error::from);
    match interrupt.and_then(|interrupt| command(&interrupt)) {
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

fn command(words: &[&str]) -> Result<Command> {
    Ok(match words {
        ["--list"] => Box::new(|_| {
            experiments::list();
            Ok(())
        }),
        ["--all"] => Box::new(experiments::run_all),
        ["--documents"] => Box::new(documents::run),
        ["quiet"] => Box::new(|interrupt| {
            Bench::new(interrupt)?.quiet()?;
            println!("  quiet: no order has finished for five minutes");
            Ok(())
        }),
        ["check", "panels"] => Box::new(|_| panels::check()),
        [name] if !name.starts_with('-') => {
            let experiment = experiments::named(name)?;
            Box::new(|interrupt| experiment.run(interrupt))
        }
        _ => bail!("no such command: {}", words.join(" ")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_there_is_not() {
        for line in ["", "--al", "average", "check", "check rules", "sum sum"] {
            let words: Vec<_> = line.split_whitespace().collect();
            assert!(command(&words).is_err(), "{line}");
        }
    }
}
