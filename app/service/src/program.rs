//! The entry point of a binary: its commands, its usage and its exit codes.

use std::env;
use std::error::Error;
use std::net::SocketAddr;
use std::process::ExitCode;

use crate::config::ConfigErrors;
use crate::healthcheck;
use crate::server::Limits;

/// Wrong settings or arguments: `EX_USAGE` of sysexits.h.
const EX_USAGE: u8 = 64;

/// What a binary says of itself, and its limits.
#[derive(Debug, Clone, Copy)]
pub struct Program {
    /// The command.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// What `--help` prints, before the limits.
    pub usage: &'static str,
    /// Limits on what clients use.
    pub limits: Limits,
}

impl Program {
    /// Runs the command in the arguments: serve, check the health of a running service, or print the usage or the version.
    pub fn run<C>(
        &self,
        config: impl FnOnce() -> Result<C, ConfigErrors>,
        address: impl FnOnce(&C) -> SocketAddr,
        serve: impl FnOnce(C) -> Result<(), Box<dyn Error>>,
    ) -> ExitCode {
        let arguments: Vec<String> = env::args().skip(1).collect();
        match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            [] => self.with_config(config, serve),
            ["healthcheck"] => self.with_config(config, |config| {
                let checked = healthcheck::check(address(&config));
                checked.map_err(|failure| format!("not healthy: {failure}").into())
            }),
            ["--help" | "-h"] => {
                print!("{}\n{}", self.usage, self.limits);
                ExitCode::SUCCESS
            }
            ["--version" | "-V"] => {
                println!("{} {}", self.name, self.version);
                ExitCode::SUCCESS
            }
            _ => {
                eprintln!(
                    "{}: no such command: {}\n\n{}",
                    self.name,
                    arguments.join(" "),
                    self.usage
                );
                ExitCode::from(EX_USAGE)
            }
        }
    }

    fn with_config<C>(
        &self,
        config: impl FnOnce() -> Result<C, ConfigErrors>,
        command: impl FnOnce(C) -> Result<(), Box<dyn Error>>,
    ) -> ExitCode {
        let config = match config() {
            Ok(config) => config,
            Err(errors) => {
                eprintln!("{}: {errors}", self.name);
                return ExitCode::from(EX_USAGE);
            }
        };
        match command(config) {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => {
                eprint!("{}: {failure}", self.name);
                let mut cause = failure.source();
                while let Some(failure) = cause {
                    eprint!(": {failure}");
                    cause = failure.source();
                }
                eprintln!();
                ExitCode::FAILURE
            }
        }
    }
}
