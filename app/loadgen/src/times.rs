//! How times are written, in options and in thresholds: a number and a unit.

use std::time::Duration;

/// Longest run, and so the longest time that means anything.
const LONGEST_RUN: Duration = Duration::from_hours(24);

/// Reads a time such as `500us`, `1.5s`, `2m` or `1h`, above zero.
///
/// # Errors
/// Anything else, saying what is wanted.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let time = parse_wait(text)?;
    if time.is_zero() {
        return Err("wanted a time above zero".into());
    }
    Ok(time)
}

/// Reads a time that may be zero.
///
/// # Errors
/// Anything else, saying what is wanted.
pub fn parse_wait(text: &str) -> Result<Duration, String> {
    let wanted = || "wanted a number and a unit, such as 500us, 300ms, 90s, 2m or 1h".to_string();
    let unit = text
        .find(|c: char| c.is_ascii_alphabetic())
        .ok_or_else(wanted)?;
    let number: f64 = text[..unit].trim().parse().map_err(|_| wanted())?;
    let seconds = match &text[unit..] {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err(wanted()),
    };
    let time = Duration::try_from_secs_f64(number * seconds).map_err(|_| wanted())?;
    if time > LONGEST_RUN {
        return Err("wanted at most 24h".into());
    }
    Ok(time)
}
