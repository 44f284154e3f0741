//! The mock target as a process of its own: for what can only be done to a process (`kill -STOP`), and for other tools.
//!
//! `mock-target [SERVICE_TIME]` prints its URL and serves until its standard input ends.

use std::io::{self, Read};
use std::process::ExitCode;

use loadgen::mock::{Mock, Setup};
use loadgen::times::parse_wait;

fn main() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mock-target: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve() -> io::Result<()> {
    let service_time = std::env::args().nth(1).unwrap_or_else(|| "0s".into());
    let service_time = parse_wait(&service_time).map_err(io::Error::other)?;
    let mock = Mock::start(Setup {
        service_time,
        ..Setup::default()
    })?;
    println!("{}", mock.url());
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
