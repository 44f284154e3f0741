//! Moments and stretches of time: since the epoch, since the incident, and as people write them.

use std::fmt;
use std::ops::Add;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Seconds since the epoch, by this machine's clock or a server's.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Moment(pub(crate) f64);

/// Seconds since the incident began; negative before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize)]
pub(crate) struct Offset(pub(crate) f64);

impl Moment {
    pub(crate) fn now() -> Self {
        Self(Timestamp::now().as_duration().as_secs_f64())
    }

    pub(crate) fn since(self, began: Self) -> Offset {
        Offset(self.0 - began.0)
    }
}

impl TryFrom<String> for Moment {
    type Error = jiff::Error;
    fn try_from(text: String) -> Result<Self, jiff::Error> {
        let timestamp: Timestamp = text.parse()?;
        Ok(Self(timestamp.as_duration().as_secs_f64()))
    }
}

impl Offset {
    pub(crate) fn after(self, earlier: Self) -> Duration {
        Duration::from_secs_f64((self.0 - earlier.0).max(0.0))
    }

    pub(crate) fn latest(self, other: Self) -> Self {
        Self(self.0.max(other.0))
    }
}

impl Add<Duration> for Offset {
    type Output = Self;
    fn add(self, time: Duration) -> Self {
        Self(self.0 + time.as_secs_f64())
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Window {
    pub(crate) from: Offset,
    pub(crate) to: Offset,
}

impl Window {
    pub(crate) fn at(moment: Offset) -> Self {
        let (from, to) = (moment, moment);
        Self { from, to }
    }

    /// What happens at least and at most that much later.
    pub(crate) fn plus(self, least: Duration, most: Duration) -> Self {
        let (from, to) = (self.from + least, self.to + most);
        Self { from, to }
    }
}

/// A time as in `1m30s`, the way Prometheus writes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Span(pub(crate) Duration);

impl Span {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let duration: SignedDuration = text.parse().ok()?;
        duration.try_into().ok().map(Self)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = i64::try_from(self.0.as_secs()).unwrap_or(i64::MAX);
        write!(f, "{:#}", SignedDuration::from_secs(seconds))
    }
}

impl TryFrom<String> for Span {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("`{text}` is no time such as 10s, 1m30s or 2h"))
    }
}

#[cfg(test)]
#[path = "../tests/unit/moment.rs"]
mod tests;
