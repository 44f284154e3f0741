//! A point in time, to the millisecond: what is compared must not be more exact than what is shown.

use std::fmt::{self, Display};
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

/// A point in time. Written as RFC 3339 in UTC, always with three digits behind the point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(Timestamp);

/// It is neither an RFC 3339 time nor Unix seconds.
#[derive(Debug, PartialEq, Eq)]
pub struct NoMoment;

impl Moment {
    /// The present.
    pub fn now() -> Self {
        Self::from_milliseconds(Timestamp::now().as_millisecond()).expect("the present is in range")
    }

    /// Milliseconds since 1970.
    pub fn milliseconds(self) -> i64 {
        self.0.as_millisecond()
    }

    fn from_milliseconds(milliseconds: i64) -> Result<Self, NoMoment> {
        Timestamp::from_millisecond(milliseconds)
            .map(Self)
            .map_err(|_| NoMoment)
    }
}

impl FromStr for Moment {
    type Err = NoMoment;

    /// Reads an RFC 3339 time or Unix seconds. What is finer than a millisecond is cut off.
    fn from_str(text: &str) -> Result<Self, NoMoment> {
        let milliseconds = match text.parse::<f64>() {
            Ok(seconds) if seconds.is_finite() => {
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "it saturates, and is out of range then"
                )]
                let milliseconds = (seconds * 1_000.0).floor() as i64;
                milliseconds
            }
            Ok(_) => return Err(NoMoment),
            Err(_) => {
                let time: Timestamp = text.parse().map_err(|_| NoMoment)?;
                time.as_millisecond()
            }
        };
        Self::from_milliseconds(milliseconds)
    }
}

impl Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.0)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_rfc_3339_times_and_unix_seconds() {
        for (text, moment) in [
            ("2026-01-02T03:04:05.6789Z", "2026-01-02T03:04:05.678Z"),
            ("2026-01-02T03:04:05+02:00", "2026-01-02T01:04:05.000Z"),
            ("1767323045.6789", "2026-01-02T03:04:05.678Z"),
            ("1767323045", "2026-01-02T03:04:05.000Z"),
        ] {
            let read = text.parse::<Moment>().map(|moment| moment.to_string());
            assert_eq!(read.as_deref(), Ok(moment), "{text}");
        }
    }

    #[test]
    fn refuses_everything_else() {
        for text in [
            "",
            "yesterday",
            "NaN",
            "inf",
            "1e300",
            "2026-01-02",
            "2026-01-02T03:04:05",
        ] {
            assert_eq!(text.parse::<Moment>(), Err(NoMoment), "{text}");
        }
    }
}
