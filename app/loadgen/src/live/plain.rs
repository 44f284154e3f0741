//! One plain line a second: for logs, for CI, and for people who want no colour.

use super::{Sample, asked, classes, lag, times};

/// The line of a sample.
pub(crate) fn line(sample: &Sample) -> String {
    format!(
        "{:>4.0}s {}: {}, sent {:.0}/s, in flight {}, lag p99 {}, {}; so far {}",
        sample.elapsed.as_secs_f64(),
        sample.stage,
        asked(sample),
        sample.achieved,
        sample.in_flight,
        lag(sample),
        times(sample.recent.as_ref()),
        classes(&sample.counts)
    )
}
