//! How times, shares and the other values of options and thresholds are written.

use std::time::Duration;

use hyper::Method;
use hyper::http::uri::PathAndQuery;
use jiff::SignedDuration;
use thiserror::Error;

use crate::ledger::MAX_TIME;

/// Longest run, and so the longest time that makes sense.
const MAX_RUN: Duration = Duration::from_hours(24);
/// A higher rate is taken for a slip of the finger.
const MAX_RATE: f64 = 1e6;

/// What was wanted in place of a value.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("wanted {0}")]
pub(crate) struct InvalidValue(&'static str);

/// A time such as `500us`, `1.5s`, `1m30s` or `1h`, above zero.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, InvalidValue> {
    let time = parse_wait(text)?;
    if time.is_zero() {
        return Err(InvalidValue("a time above zero"));
    }
    Ok(time)
}

/// A time that may be zero.
pub(crate) fn parse_wait(text: &str) -> Result<Duration, InvalidValue> {
    let time = text.parse::<SignedDuration>().ok();
    let time = time.and_then(|time| Duration::try_from(time).ok());
    let time = time.ok_or(InvalidValue(
        "numbers and units, such as 500us, 300ms, 90s, 1m30s or 1h",
    ))?;
    if time > MAX_RUN {
        return Err(InvalidValue("at most 24h"));
    }
    Ok(time)
}

/// A timeout; longer ones could not be recorded.
pub(crate) fn parse_timeout(text: &str) -> Result<Duration, InvalidValue> {
    let time = parse_duration(text)?;
    if !(Duration::from_millis(1)..=MAX_TIME).contains(&time) {
        return Err(InvalidValue("1ms to 60s"));
    }
    Ok(time)
}

pub(crate) fn parse_rate(text: &str) -> Result<f64, InvalidValue> {
    let rate = text.parse().ok();
    rate.filter(|rate| *rate > 0.0 && *rate <= MAX_RATE)
        .ok_or(InvalidValue(
            "arrivals per second, above 0 and at most 1000000",
        ))
}

/// `1%` or `0.01`, between 0 and 1.
pub(crate) fn parse_share(text: &str) -> Result<f64, InvalidValue> {
    let share = match text.strip_suffix('%') {
        Some(percent) => hundredth(percent.trim()),
        None => text.parse().ok(),
    };
    share
        .filter(|share| (0.0..=1.0).contains(share))
        .ok_or(InvalidValue("a share between 0 and 1, such as 0.01, or 1%"))
}

/// Not divided by 100: 0.7 / 100 is a little less than 0.007, and so than 7 of 1000.
pub(crate) fn hundredth(percent: &str) -> Option<f64> {
    format!("{percent}e-2").parse().ok()
}

pub(crate) fn parse_path(text: &str) -> Result<PathAndQuery, InvalidValue> {
    let path = text.starts_with('/').then(|| text.parse().ok());
    path.flatten().ok_or(InvalidValue("a path such as /orders"))
}

pub(crate) fn parse_method(text: &str) -> Result<Method, InvalidValue> {
    use Method as M;
    let methods = [M::GET, M::HEAD, M::POST, M::PUT, M::PATCH, M::DELETE];
    let mut methods = methods.into_iter();
    methods
        .find(|method| method == text)
        .ok_or(InvalidValue("GET, HEAD, POST, PUT, PATCH or DELETE"))
}
