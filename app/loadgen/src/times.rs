//! How times are written, in options and in thresholds: numbers and units.

use std::time::Duration;

/// Longest run, and so the longest time that means anything.
const LONGEST_RUN: Duration = Duration::from_hours(24);

/// Reads a time such as `500us`, `1.5s`, `1m30s` or `1h`, above zero.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    let time = parse_wait(text)?;
    if time.is_zero() {
        return Err("wanted a time above zero".into());
    }
    Ok(time)
}

/// Reads a time that may be zero.
pub(crate) fn parse_wait(text: &str) -> Result<Duration, String> {
    let seconds =
        seconds(text).ok_or("wanted numbers and units, such as 500us, 300ms, 90s, 1m30s or 1h")?;
    if seconds > LONGEST_RUN.as_secs_f64() {
        return Err("wanted at most 24h".into());
    }
    Ok(Duration::from_secs_f64(seconds))
}

/// The sum of one or more numbers, each with its unit.
fn seconds(text: &str) -> Option<f64> {
    let mut rest = text.trim();
    let mut sum = 0.0;
    loop {
        let unit_at = rest.find(|c: char| c.is_ascii_alphabetic())?;
        let (number, after) = rest.split_at(unit_at);
        let unit_end = after
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(after.len());
        let number: f64 = number.trim().parse().ok()?;
        if number < 0.0 {
            return None;
        }
        sum += number * unit(&after[..unit_end])?;
        rest = &after[unit_end..];
        if rest.is_empty() {
            return Some(sum);
        }
    }
}

fn unit(name: &str) -> Option<f64> {
    Some(match name {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    })
}
