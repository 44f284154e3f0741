//! Entry point of the load generator: reads the command line, runs, and maps the result to an exit code.

use std::process::ExitCode;

use clap::Parser;
use loadgen::app;
use loadgen::cli::{Args, Command};
use loadgen::verdict::Exit;

fn main() -> ExitCode {
    // Ends with exit code 2 on a wrong command line, 0 after --help.
    let mut args = Args::parse();
    if let Some(Command::Drill { arguments }) = args.command.take() {
        let drill = [vec!["scripts/drill".to_owned()], arguments].concat();
        eprintln!(
            "loadgen: drills are a program of their own: {}",
            drill.join(" ")
        );
        return Exit::Usage.into();
    }
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error, Exit::Failed),
    };
    let ended = runtime.block_on(app::run(args));
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
