//! The values of options: what is accepted, and what is said about the rest. Times are in [`times`](crate::times).

use std::time::Duration;

use hyper::Method;
use hyper::http::uri::PathAndQuery;

use crate::ledger::distribution::LONGEST;
use crate::times::parse_duration;

/// Highest rate that is accepted; a higher one is taken for a slip of the finger.
const MOST_PER_SECOND: f64 = 1_000_000.0;
/// Most connections: a client has hardly more ports than that for one address of the target.
const MOST_CONNECTIONS: usize = 60_000;
/// Most worker threads: more than a machine has processors only take turns, and each has histograms of its own.
const MOST_THREADS: usize = 64;

/// Reads a timeout; longer ones could not be recorded.
pub(super) fn parse_timeout(text: &str) -> Result<Duration, String> {
    let time = parse_duration(text)?;
    if !(Duration::from_millis(1)..=LONGEST).contains(&time) {
        return Err("wanted 1ms to 60s".into());
    }
    Ok(time)
}

pub(super) fn parse_rate(text: &str) -> Result<f64, String> {
    let wanted = || format!("wanted arrivals per second, above 0 and at most {MOST_PER_SECOND}");
    let rate: f64 = text.parse().map_err(|_| wanted())?;
    if rate > 0.0 && rate <= MOST_PER_SECOND {
        Ok(rate)
    } else {
        Err(wanted())
    }
}

pub(super) fn parse_share(text: &str) -> Result<f64, String> {
    let wanted = || "wanted a share between 0 and 1".to_string();
    let share: f64 = text.parse().map_err(|_| wanted())?;
    if (0.0..=1.0).contains(&share) {
        Ok(share)
    } else {
        Err(wanted())
    }
}

pub(super) fn parse_connections(text: &str) -> Result<usize, String> {
    parse_number(text, MOST_CONNECTIONS)
}

pub(super) fn parse_threads(text: &str) -> Result<usize, String> {
    parse_number(text, MOST_THREADS)
}

fn parse_number(text: &str, most: usize) -> Result<usize, String> {
    let number = text.parse().ok();
    number
        .filter(|number| (1..=most).contains(number))
        .ok_or_else(|| format!("wanted a whole number, 1 to {most}"))
}

pub(super) fn parse_path(text: &str) -> Result<PathAndQuery, String> {
    let wanted = || "wanted a path such as /orders".to_string();
    if !text.starts_with('/') {
        return Err(wanted());
    }
    text.parse().map_err(|_| wanted())
}

pub(super) fn parse_method(text: &str) -> Result<Method, String> {
    match text {
        "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" => {
            Ok(text.parse().map_err(|_| "no method")?)
        }
        _ => Err("wanted GET, HEAD, POST, PUT, PATCH or DELETE".into()),
    }
}
