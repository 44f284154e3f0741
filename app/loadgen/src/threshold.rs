//! Limits that fail a run: `p99>300ms`, `error_rate>1%`, `achieved<99%`, `expired>0`.
//!
//! The expression says what is not acceptable, as in an alert. A figure without samples can't hold a limit: it fails.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use thiserror::Error;

use crate::ledger::{Class, Totals};
use crate::values::{hundredth, parse_duration, parse_share};

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
pub(crate) struct Threshold {
    text: String,
    figure: Figure,
    /// Whether a figure lies on the side of the limit that is not acceptable.
    is_beyond: fn(&f64, &f64) -> bool,
    /// Seconds, a share or a count.
    limit: f64,
}

/// A threshold held against a run. Its fields are part of the JSON schema.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Evaluation {
    /// As it was given.
    pub(crate) expression: String,
    /// The figure; `null` without samples.
    pub(crate) actual: Option<f64>,
    pub(crate) unit: Unit,
    /// Whether it fails the run; always so without samples.
    pub(crate) missed: bool,
}

/// What a figure is counted in.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Unit {
    Seconds,
    /// 0 to 1.
    Share,
    /// Of arrivals.
    Count,
}

/// Why a text is not a threshold.
#[derive(Debug, Error)]
pub(crate) enum BadThreshold {
    #[error("wanted FIGURE, one of > >= < <=, and a limit, such as p99>300ms")]
    NoComparison,
    #[error(
        "no figure `{0}`; there are pN (above p0, below p100, such as p50 or p99.9) mean max error_rate achieved expired"
    )]
    UnknownFigure(String),
    #[error("`{given}` is no limit for {figure}; wanted {wanted}")]
    InvalidLimit {
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
                Figure::Quantile(quantile.ok_or_else(|| BadThreshold::UnknownFigure(name.into()))?)
            }
        };
        let (parsed, wanted) = match figure.unit() {
            Unit::Seconds => (
                parse_duration(limit).ok().map(|time| time.as_secs_f64()),
                "a time such as 300ms or 2s",
            ),
            Unit::Share => (parse_share(limit).ok(), "a share such as 1% or 0.01"),
            Unit::Count => (
                limit.parse::<u32>().ok().map(f64::from),
                "a number such as 0, or a share such as 1%",
            ),
        };
        let limit = parsed.ok_or_else(|| BadThreshold::InvalidLimit {
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

fn parse_percentile(text: &str) -> Option<f64> {
    let percent = text.strip_prefix('p')?;
    let is_number = percent.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let quantile = hundredth(percent).filter(|_| is_number)?;
    (quantile > 0.0 && quantile < 1.0).then_some(quantile)
}

impl Threshold {
    pub(crate) fn evaluate(&self, totals: &Totals) -> Evaluation {
        let response = totals.overall().responses();
        let quantile = |at| response.quantile(at).map(|time| time.as_secs_f64());
        let scheduled = totals.end.scheduled as f64;
        let expired = (scheduled > 0.0).then(|| totals.count(Class::Expired) as f64);
        let actual = match self.figure {
            Figure::Quantile(at) => quantile(at),
            Figure::Mean => response.quantiles().map(|figures| figures.mean_seconds),
            Figure::Max => quantile(1.0),
            Figure::ErrorRate => totals.error_rate(),
            Figure::Achieved => totals.achieved(),
            Figure::Expired => expired,
            Figure::ExpiredShare => expired.map(|expired| expired / scheduled),
        };
        Evaluation {
            expression: self.text.clone(),
            actual,
            unit: self.figure.unit(),
            missed: actual.is_none_or(|actual| (self.is_beyond)(&actual, &self.limit)),
        }
    }
}

impl fmt::Display for Evaluation {
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Threshold;
    use crate::ledger::{Class, Totals};

    fn threshold(text: &str) -> Threshold {
        text.parse()
            .unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    /// A run of so many arrivals, all answered after 100 ms, some of them with 500.
    fn run(failed: u64, all: u64) -> Totals {
        let mut totals = Totals::new(1);
        totals.end.is_open_loop = true;
        totals.end.scheduled = all;
        totals.end.asked_for = Duration::from_secs(1);
        let stage = &mut totals.stages[0];
        stage.counts[Class::Ok as usize] = all - failed;
        stage.counts[Class::Http5xx as usize] = failed;
        let time = Duration::from_millis(100);
        stage.response[Class::Ok as usize].record_many(time, all);
        totals.lag.record_many(Duration::ZERO, all);
        totals
    }

    #[test]
    fn the_expression_says_what_is_not_acceptable() {
        let held = "p99>300ms p99.9>1m p99.99>1m error_rate>1% achieved<99% expired>0";
        let missed =
            "p99>50ms p50>=100ms mean<1s max<=0.11s p75>50ms error_rate>=0 achieved<=1 expired>=0%";
        for (texts, is_missed) in [(held, false), (missed, true)] {
            for text in texts.split(' ') {
                let evaluation = threshold(text).evaluate(&run(0, 100));
                assert_eq!(evaluation.missed, is_missed, "{text}");
            }
        }
    }

    #[test]
    fn exactly_the_allowed_share_of_errors_is_not_above_it() {
        for (percent, failed, all) in [(1.0, 1, 100), (5.0, 5, 100), (0.7, 7, 1000)] {
            let totals = run(failed, all);
            let above = threshold(&format!("error_rate > {percent}%"));
            let at_least = threshold(&format!("error_rate >= {percent} %"));
            assert!(!above.evaluate(&totals).missed, "{percent} %");
            assert!(at_least.evaluate(&totals).missed, "{percent} %");
            assert_eq!(totals.stages[0].error_rate(), totals.error_rate());
        }
    }

    #[test]
    fn what_is_no_threshold_is_refused_with_what_would_do() {
        for (texts, wanted) in [
            ("p99,,300ms", "wanted FIGURE, one of > >= < <="),
            ("p100>1s,p0>1s,p9e1>1s,>1s", "no figure `"),
            ("p99>,p99>300,p99>-1s", "a time such as 300ms"),
            (
                "error_rate>2,error_rate>NaN,achieved<x%",
                "a share such as 1%",
            ),
            ("expired>many", "a number such as 0"),
        ] {
            for text in texts.split(',') {
                let error = text.parse::<Threshold>().expect_err(text).to_string();
                assert!(error.contains(wanted), "`{text}`: {error}");
            }
        }
    }

    #[test]
    fn a_threshold_without_samples_fails() {
        for text in "p99>1h mean>1h max>1h error_rate>1 achieved<0 expired>9999".split(' ') {
            let evaluation = threshold(text).evaluate(&run(0, 0));
            assert!(evaluation.missed && evaluation.actual.is_none(), "{text}");
            assert!(evaluation.to_string().contains("no samples"), "{text}");
        }
    }
}
