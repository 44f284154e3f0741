//! Entry point of the load generator.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    // Ends with exit code 2 on a wrong command line, 0 after --help.
    loadgen::app::main(loadgen::cli::Args::parse())
}
