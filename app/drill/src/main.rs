//! Makes an incident on purpose, and proves that its alert reaches people, and its end too.
//!
//! A drill is a [`mod@file`], read by [`parse`]. [`preflight`] says whether the stack is ready and what it is set to; [`play`] does
//! what the steps say, and has [`servers`] look at Prometheus, Alertmanager and whoever receives messages, which makes a [`record`].
//! [`judge`] holds it against what is expected; [`report`] prints the rows.

mod alertmanager;
mod cli;
mod client;
mod console;
mod deliveries;
mod error;
mod evidence;
mod file;
mod judge;
mod labels;
mod loads;
mod moment;
mod parse;
mod play;
mod preflight;
mod prometheus;
mod record;
mod report;
mod run;
mod servers;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    // Ends with exit code 2 on a wrong command line, 0 after --help.
    match run::run(&cli::Args::parse()) {
        Ok(code) => code.into(),
        Err(error) => {
            eprintln!("drill: {error}");
            error.code().into()
        }
    }
}
