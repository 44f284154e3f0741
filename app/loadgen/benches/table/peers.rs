//! `max` beside other tools: same target, same connections, in turns.

use std::error::Error;
use std::io::ErrorKind;
use std::process::Command;

use loadgen::report::Report;
use mock_target::{Mock, Setup};

use crate::row::Row;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// How often each tool has its turn; the median counts.
const TURNS: usize = 5;

/// Other tools, with their arguments before the URL.
const PEERS: [(&str, &[&str], f64); 2] = [
    ("oha", &["--no-tui", "-z", "4s", "-c", "64"], 1.0),
    ("wrk", &["-t", "2", "-c", "64", "-d", "4s"], 0.9),
];

/// Runs the program itself and reads its summary; a run that is invalid or missed something still has one.
pub(crate) fn own_run(url: &str, arguments: &[&str]) -> Result<Report> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loadgen"));
    command
        .args(arguments)
        .args(["--target", url, "--method", "GET", "--json"])
        .env("CI", "true");
    let output = command.output()?;
    serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("{error}: {}", String::from_utf8_lossy(&output.stderr)).into())
}

/// Rows of the comparison, and the generator's own highest rate.
pub(crate) fn rows() -> Result<(Vec<Row>, f64)> {
    let mock = Mock::start(Setup::default())?;
    let mut own = Vec::new();
    let mut others: [Vec<f64>; PEERS.len()] = Default::default();
    for _ in 0..TURNS {
        own.push(
            own_run(
                &mock.url(),
                &["max", "--connections", "64", "--duration", "4s"],
            )?
            .answers_per_second,
        );
        for ((name, arguments, _), rates) in PEERS.iter().zip(&mut others) {
            rates.extend(peer_rate(name, arguments, &mock.url())?);
        }
    }
    let own = median(own).ok_or("no turns")?;
    let mut rows = Vec::new();
    for ((name, _, share), rates) in PEERS.iter().zip(others) {
        let what = format!("max, 64 connections, against {name}");
        rows.push(match median(rates) {
            None => Row::without(what, &format!("{own:.0}/s; {name} is not installed")),
            Some(theirs) => Row::new(
                what,
                format!("{own:.0}/s, {:.2} of it", own / theirs),
                format!("at least {share} of {theirs:.0}/s"),
                own >= theirs * share,
            ),
        });
    }
    Ok((rows, own))
}

/// Requests per second as the tool prints them; `None` when it isn't installed.
fn peer_rate(name: &str, arguments: &[&str], url: &str) -> Result<Option<f64>> {
    let output = match Command::new(name)
        .args(arguments)
        .arg(format!("{url}/"))
        .output()
    {
        Ok(output) => output,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let rate = text.lines().find_map(|line| {
        line.trim()
            .strip_prefix("Requests/sec:")?
            .trim()
            .parse()
            .ok()
    });
    rate.map(Some)
        .ok_or_else(|| format!("{name} printed no rate: {text}").into())
}

/// The middle one.
pub(crate) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}
