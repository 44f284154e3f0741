//! The door of the load generator: reads the command line, runs, and maps the result to an exit code.

use std::process::ExitCode;

use clap::Parser;
use loadgen::app;
use loadgen::cli::Args;
use loadgen::settings::Settings;
use loadgen::verdict::Exit;

fn main() -> ExitCode {
    // Ends with exit code 2 on a wrong command line, 0 after --help.
    let settings = match Settings::new(Args::parse()) {
        Ok(settings) => settings,
        Err(contradiction) => return fail(&contradiction, Exit::Usage),
    };
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error, Exit::Failed),
    };
    match runtime.block_on(app::run(settings)) {
        Ok(exit) => exit.into(),
        Err(failure) => fail(&failure, failure.exit()),
    }
}

fn fail(error: &dyn std::error::Error, exit: Exit) -> ExitCode {
    eprintln!("loadgen: {error}");
    exit.into()
}
