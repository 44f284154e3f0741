//! Limits that fail a run: `p99>300ms`, `error_rate>1%`, `achieved<99%`, `expired>0`.
//!
//! The expression says what is not acceptable, as in an alert. A figure without samples can't hold a limit: it fails.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::ledger::{Class, Totals};
use crate::times::parse_duration;

/// A figure of a run that can be limited.
#[derive(Clone, Copy, Debug)]
enum Figure {
    /// Of response times, as the next two.
    Quantile(f64),
    Mean,
    Max,
    ErrorRate,
    Achieved,
    /// Counted.
    Expired,
    ExpiredShare,
}

/// A limit on a figure.
#[derive(Clone, Debug)]
pub struct Threshold {
    text: String,
    figure: Figure,
    /// Whether a figure lies on the side of the limit that is not acceptable.
    is_beyond: fn(&f64, &f64) -> bool,
    /// Seconds, a share or a count.
    limit: f64,
}

/// A threshold held against a run. Its fields are part of the JSON schema.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// The expression as it was given.
    pub expression: String,
    /// The figure; `null` without samples.
    pub actual: Option<f64>,
    /// What the figure is counted in.
    pub unit: Unit,
    /// Whether it fails the run; always so without samples.
    pub missed: bool,
}

/// What a figure is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A time.
    Seconds,
    /// A share, 0 to 1.
    Share,
    /// A number of arrivals.
    Count,
}

/// Why a text is not a threshold.
#[derive(Debug, Error, PartialEq, Eq)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum BadThreshold {
    #[error("wanted FIGURE, one of > >= < <=, and a limit, such as p99>300ms")]
    NoComparison,
    #[error(
        "no figure `{0}`; there are pN (above p0, below p100, such as p50 or p99.9) mean max error_rate achieved expired"
    )]
    NoFigure(String),
    #[error("`{given}` is no limit for {figure}; wanted {wanted}")]
    NoLimit {
        figure: String,
        given: String,
        wanted: &'static str,
    },
}

impl Figure {
    fn unit(self) -> Unit {
        match self {
            Self::Quantile(_) | Self::Mean | Self::Max => Unit::Seconds,
            Self::ErrorRate | Self::Achieved | Self::ExpiredShare => Unit::Share,
            Self::Expired => Unit::Count,
        }
    }
}

impl FromStr for Threshold {
    type Err = BadThreshold;

    fn from_str(text: &str) -> Result<Self, BadThreshold> {
        let at = text.find(['<', '>']).ok_or(BadThreshold::NoComparison)?;
        let (name, rest) = (text[..at].trim(), &text[at..]);
        let (is_beyond, limit): (fn(&f64, &f64) -> bool, _) = match rest.as_bytes() {
            [b'>', b'=', ..] => (f64::ge, &rest[2..]),
            [b'<', b'=', ..] => (f64::le, &rest[2..]),
            [b'>', ..] => (f64::gt, &rest[1..]),
            _ => (f64::lt, &rest[1..]),
        };
        let limit = limit.trim();
        let figure = match name {
            "mean" => Figure::Mean,
            "max" => Figure::Max,
            "error_rate" => Figure::ErrorRate,
            "achieved" => Figure::Achieved,
            "expired" if limit.ends_with('%') => Figure::ExpiredShare,
            "expired" => Figure::Expired,
            _ => {
                let quantile = parse_percentile(name);
                Figure::Quantile(quantile.ok_or_else(|| BadThreshold::NoFigure(name.into()))?)
            }
        };
        let (parsed, wanted) = match figure.unit() {
            Unit::Seconds => (
                parse_duration(limit).ok().map(|time| time.as_secs_f64()),
                "a time such as 300ms or 2s",
            ),
            Unit::Share => (parse_share(limit), "a share such as 1% or 0.01"),
            Unit::Count => (
                limit.parse::<u32>().ok().map(f64::from),
                "a number such as 0, or a share such as 1%",
            ),
        };
        let limit = parsed.ok_or_else(|| BadThreshold::NoLimit {
            figure: name.into(),
            given: limit.into(),
            wanted,
        })?;
        Ok(Self {
            text: text.into(),
            figure,
            is_beyond,
            limit,
        })
    }
}

/// Reads `1%` or `0.01`; shares lie between 0 and 1.
fn parse_share(text: &str) -> Option<f64> {
    let share: f64 = match text.strip_suffix('%') {
        Some(percent) => hundredth(percent.trim())?,
        None => text.parse().ok()?,
    };
    (0.0..=1.0).contains(&share).then_some(share)
}

fn parse_percentile(text: &str) -> Option<f64> {
    let percent = text.strip_prefix('p')?;
    let is_number = percent.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let quantile = hundredth(percent).filter(|_| is_number)?;
    (quantile > 0.0 && quantile < 1.0).then_some(quantile)
}

/// Not divided by 100: 0.7 / 100 is a little less than 0.007, and so than 7 of 1000.
fn hundredth(percent: &str) -> Option<f64> {
    format!("{percent}e-2").parse().ok()
}

impl Threshold {
    /// Holds the limit against a run.
    pub fn judge(&self, totals: &Totals) -> Judgement {
        let response = totals.overall().responses();
        let seconds = |time: Duration| time.as_secs_f64();
        let scheduled = totals.scheduled as f64;
        let expired = totals.count(Class::Expired) as f64;
        let actual = match self.figure {
            Figure::Quantile(quantile) => response.quantile(quantile).map(seconds),
            Figure::Mean => response.quantiles().map(|figures| figures.mean_seconds),
            Figure::Max => response.quantile(1.0).map(seconds),
            Figure::ErrorRate => totals.error_rate(),
            // A closed loop asks for no rate.
            Figure::Achieved => totals.achieved().filter(|_| totals.is_open_loop),
            Figure::Expired => (totals.scheduled > 0).then_some(expired),
            Figure::ExpiredShare => (totals.scheduled > 0).then_some(expired / scheduled),
        };
        Judgement {
            expression: self.text.clone(),
            actual,
            unit: self.figure.unit(),
            missed: actual.is_none_or(|actual| (self.is_beyond)(&actual, &self.limit)),
        }
    }
}

impl fmt::Display for Judgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.expression)?;
        let Some(actual) = self.actual else {
            return f.write_str(" (there were no samples)");
        };
        match self.unit {
            Unit::Seconds => write!(f, " (was {:.1} ms)", actual * 1000.0),
            Unit::Share => write!(f, " (was {:.2} %)", actual * 100.0),
            Unit::Count => write!(f, " (was {actual})"),
        }
    }
}
