//! A histogram of fixed size, and the figures read from it.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

/// Longer times are recorded as this, which is why no timeout may exceed it.
pub(crate) const MAX_TIME: Duration = Duration::from_mins(1);
/// The same in the unit of the histograms.
const MAX_MICROS: u64 = 60_000_000;
/// Significant digits: every figure is right to 0.1 %.
const DIGITS: u8 = 3;

/// Times from 1 us to 60 s with three digits, in memory that doesn't grow (136 KiB, and none before the first record).
#[derive(Clone, Debug, Default)]
pub(crate) struct Distribution {
    histogram: Option<Histogram<u64>>,
}

impl Distribution {
    pub(crate) fn record(&mut self, time: Duration) {
        self.record_many(time, 1);
    }

    pub(crate) fn record_many(&mut self, time: Duration, count: u64) {
        let micros = time.as_secs() * 1_000_000 + u64::from((time.subsec_nanos() + 500) / 1000);
        self.histogram
            .get_or_insert_with(empty)
            .saturating_record_n(micros.min(MAX_MICROS), count);
    }

    pub(crate) fn add(&mut self, other: &Self) {
        if let Some(theirs) = other.recorded() {
            let ours = self.histogram.get_or_insert_with(empty);
            ours.add(theirs).expect("both have the same bounds");
        }
    }

    /// Forgets every record and keeps the memory.
    pub(crate) fn clear(&mut self) {
        if let Some(histogram) = self.histogram.as_mut().filter(|it| !it.is_empty()) {
            histogram.reset();
        }
    }

    pub(crate) fn count(&self) -> u64 {
        self.histogram.as_ref().map_or(0, Histogram::len)
    }

    /// The time that the share `quantile` (0 to 1) of the records doesn't exceed; `None` without records.
    pub(crate) fn quantile(&self, quantile: f64) -> Option<Duration> {
        let histogram = self.recorded()?;
        Some(Duration::from_micros(micros_at(histogram, quantile)))
    }

    /// The figures for reports; `None` without records.
    pub(crate) fn quantiles(&self) -> Option<Quantiles> {
        let histogram = self.recorded()?;
        let at = |quantile| micros_at(histogram, quantile) as f64 / 1e6;
        Some(Quantiles {
            count: histogram.len(),
            mean_seconds: histogram.mean() / 1e6,
            p50_seconds: at(0.5),
            p90_seconds: at(0.9),
            p95_seconds: at(0.95),
            p99_seconds: at(0.99),
            p99_9_seconds: at(0.999),
            max_seconds: at(1.0),
        })
    }

    fn recorded(&self) -> Option<&Histogram<u64>> {
        self.histogram.as_ref().filter(|it| !it.is_empty())
    }
}

/// Figures of a distribution, in seconds as everywhere in the JSON summary.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Quantiles {
    /// Records behind the figures.
    pub(crate) count: u64,
    /// Arithmetic mean.
    pub(crate) mean_seconds: f64,
    /// Half were no longer than this; the others likewise.
    pub(crate) p50_seconds: f64,
    pub(crate) p90_seconds: f64,
    pub(crate) p95_seconds: f64,
    pub(crate) p99_seconds: f64,
    pub(crate) p99_9_seconds: f64,
    pub(crate) max_seconds: f64,
}

fn empty() -> Histogram<u64> {
    Histogram::new_with_bounds(1, MAX_MICROS, DIGITS)
        .expect("the bounds are constants that hdrhistogram accepts")
}

/// The value that stands for a bucket may lie above the highest record.
fn micros_at(histogram: &Histogram<u64>, quantile: f64) -> u64 {
    histogram.value_at_quantile(quantile).min(histogram.max())
}
