//! Entry point of the load generator: reads the command line, runs, and maps the result to an exit code.

use std::process::ExitCode;

use clap::Parser;
use loadgen::app;
use loadgen::cli::{Args, Command};
use loadgen::drill::series;
use loadgen::verdict::Exit;

fn main() -> ExitCode {
    // Ends with exit code 2 on a wrong command line, 0 after --help.
    let mut args = Args::parse();
    let drills = args.command.take().map(|Command::Drill(drills)| drills);
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error, Exit::Failed),
    };
    let ended = match drills {
        Some(drills) => runtime.block_on(series::run(drills)),
        None => runtime.block_on(app::run(args)),
    };
    // After an interrupt a name look-up may still be on its way: dropping the runtime would wait for its end.
    runtime.shutdown_background();
    match ended {
        Ok(exit) => exit.into(),
        Err(failure) => fail(&failure, failure.exit()),
    }
}

fn fail(error: &dyn std::error::Error, exit: Exit) -> ExitCode {
    eprintln!("loadgen: {error}");
    exit.into()
}
