//! The tables of `scripts/bench`: every figure is measured in this run, formulas use what this run measured.
//!
//! [`formulas`] compares stalls with what they must look like, [`limits`] holds the generator's own limits, [`peers`] compares it with
//! other tools and order-service with other services. A figure that is missed is printed as missed. It is not a test: a busy
//! machine misses some.

mod formulas;
mod limits;
mod peers;

use std::error::Error;
use std::process::Command;

use serde_json::Value;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    // `cargo test --all-targets` starts it too, without this argument; a bench is not a test.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    println!("| what | measured | wanted | |\n|---|---|---|---|");
    if std::env::var_os("BENCH_ORDER_SERVICE").is_some() {
        return peers::services();
    }
    formulas::print()?;
    let max = peers::tools()?;
    limits::print(max, std::env::var_os("BENCH_LONG").is_some())
}

/// Prints a row of the table.
fn row(what: &str, measured: &str, wanted: &str, is_met: bool) {
    let verdict = if is_met { "reached" } else { "**missed**" };
    println!("| {what} | {measured} | {wanted} | {verdict} |");
}

/// Runs the program itself and reads its summary; a run that is invalid or missed something still has one.
fn loadgen(url: &str, typed: &str) -> Result<Value> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loadgen"));
    command.args(typed.split_whitespace());
    command.args(["--target", url, "--method", "GET", "--wait", "0s", "--json"]);
    let output = command.env("CI", "true").output()?;
    serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("{error}: {}", String::from_utf8_lossy(&output.stderr)).into())
}

/// A number of a summary.
fn figure(report: &Value, at: &str) -> Result<f64> {
    let figure = report.pointer(at).and_then(Value::as_f64);
    figure.ok_or_else(|| format!("the summary has no {at}").into())
}
