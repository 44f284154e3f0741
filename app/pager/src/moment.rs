//! A point in time, to the millisecond: what is compared must not be more exact than what is shown.

use std::fmt::{self, Display};
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

/// A point in time. Written as RFC 3339 in UTC, always with three digits behind the point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(Timestamp);

impl Moment {
    pub(crate) fn now() -> Self {
        let milliseconds = Timestamp::now().as_millisecond();
        Self(Timestamp::from_millisecond(milliseconds).expect("the present is in range"))
    }

    /// Milliseconds since 1970.
    pub(crate) fn milliseconds(self) -> i64 {
        self.0.as_millisecond()
    }
}

impl FromStr for Moment {
    type Err = jiff::Error;

    /// Reads an RFC 3339 time or Unix seconds. What is finer than a millisecond is cut off.
    fn from_str(text: &str) -> Result<Self, jiff::Error> {
        let milliseconds = match text.parse::<f64>() {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "it saturates, and is out of range then"
            )]
            Ok(seconds) if seconds.is_finite() => (seconds * 1_000.0).floor() as i64,
            _ => text.parse::<Timestamp>()?.as_millisecond(),
        };
        Timestamp::from_millisecond(milliseconds).map(Self)
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
        for (text, expected) in [
            ("2026-01-02T03:04:05.6789Z", "2026-01-02T03:04:05.678Z"),
            ("2026-01-02T03:04:05+02:00", "2026-01-02T01:04:05.000Z"),
            ("1767323045.6789", "2026-01-02T03:04:05.678Z"),
            ("1767323045", "2026-01-02T03:04:05.000Z"),
        ] {
            let moment: Moment = text.parse().expect(text);
            assert_eq!(moment.to_string(), expected);
        }
        for text in [
            "",
            "yesterday",
            "NaN",
            "inf",
            "1e300",
            "2026-01-02",
            "2026-01-02T03:04:05",
        ] {
            assert!(text.parse::<Moment>().is_err(), "{text}");
        }
    }
}
