//! The table of `scripts/bench`: every figure is measured in this run, formulas use what this run measured.
//!
//! [`stalls`] compares with formulas what [`measure`] measured, [`peers`] with other tools, [`own`] holds the generator's own limits; [`row`] prints.
//! A figure that is missed is printed as missed. It is not a test: a busy machine misses some.

mod measure;
mod own;
mod peers;
mod row;
mod stalls;

use loadgen::limits::allow_connections;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // `cargo test --all-targets` starts it too, without this argument; a bench is not a test.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let is_long = std::env::var_os("BENCH_LONG").is_some();
    // Generator and mock target share this process: two descriptors for each connection.
    allow_connections(6000)?;
    row::print_head();
    let measured = stalls::rows()?;
    measured.iter().for_each(row::Row::print);
    let (rows, max) = peers::rows()?;
    rows.iter().for_each(row::Row::print);
    own::rows(max, is_long)?.iter().for_each(row::Row::print);
    Ok(())
}
