//! What is shown on stderr while the load runs: a panel on a terminal, plain lines anywhere else.
//!
//! [`screen`] decides between the two and writes; here is what they say. The final summary is in [`report`](crate::report).

mod screen;

use std::time::Duration;

use crate::ledger::{Class, Counts, Distribution, Interval, Quantiles, listed};

pub use screen::Screen;

/// How many looks the sparkline remembers.
const HISTORY: usize = 60;
/// Width of the panel's labels.
const LABEL: usize = 12;
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// One look at a run, taken once a second.
#[derive(Debug)]
pub(crate) struct Look<'a> {
    pub(crate) elapsed: Duration,
    /// Time since the look before.
    pub(crate) since: Duration,
    pub(crate) duration: Duration,
    /// Stage it is in; `drain` after the last arrival.
    pub(crate) stage: &'a str,
    /// Rate asked for at this moment; `None` in a closed loop.
    pub(crate) asked: Option<f64>,
    /// Arrivals given out so far.
    pub(crate) scheduled: u64,
    /// What was recorded since the look before.
    pub(crate) interval: &'a Interval,
}

/// What has been seen of a run so far.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    overall: Distribution,
    counts: Counts,
    /// p99 of each of the last looks in milliseconds, the newest last.
    history: Vec<f64>,
    sent: u64,
    /// Requests sent per second between the last two looks.
    achieved: f64,
}

impl Memory {
    pub(crate) fn add(&mut self, look: &Look<'_>) {
        let interval = look.interval;
        self.overall.add(&interval.response);
        for (ours, new) in self.counts.iter_mut().zip(interval.counts) {
            *ours += new;
        }
        let p99 = interval.response.quantile(0.99).unwrap_or_default();
        self.history.push(p99.as_secs_f64() * 1000.0);
        if self.history.len() > HISTORY {
            self.history.remove(0);
        }
        let unsent = Class::ALL.into_iter().filter(|class| !class.is_sent());
        let unsent: u64 = unsent.map(|class| self.counts[class as usize]).sum();
        let sent = look.scheduled.saturating_sub(unsent);
        self.achieved =
            sent.saturating_sub(self.sent) as f64 / look.since.as_secs_f64().max(f64::MIN_POSITIVE);
        self.sent = sent;
    }

    /// One plain line: for logs, for CI, and for people who want no colour.
    fn line(&self, look: &Look<'_>) -> String {
        format!(
            "{:>4.0}s {}: {}, sent {:.0}/s, in flight {}, lag p99 {}, {}; so far {}",
            look.elapsed.as_secs_f64(),
            look.stage,
            look.asked(),
            self.achieved,
            self.in_flight(look),
            look.lag(),
            times(&look.interval.response),
            classes(&self.counts)
        )
    }

    /// The panel, none of its lines longer than `width`.
    fn panel(&self, look: &Look<'_>, width: usize) -> Vec<String> {
        let elapsed = look.elapsed.as_secs_f64();
        let duration = look.duration.as_secs_f64();
        let bar_width = width.saturating_sub(LABEL + 16).clamp(4, 40);
        let progress = bar(elapsed / duration, bar_width);
        let rows = [
            (
                "phase",
                format!("{}  {elapsed:.0} of {duration:.0} s {progress}", look.stage),
            ),
            (
                "rate",
                format!(
                    "{}, sent {:.0}/s, {} in flight",
                    look.asked(),
                    self.achieved,
                    self.in_flight(look)
                ),
            ),
            ("lag", format!("p99 {} (sent - intended)", look.lag())),
            (
                "response",
                format!("{} in the last second", times(&look.interval.response)),
            ),
            ("", format!("{} in all", times(&self.overall))),
            ("classes", classes(&self.counts)),
            (
                "p99",
                sparkline(&self.history, width.saturating_sub(LABEL + 1)),
            ),
        ];
        rows.map(|(label, value)| {
            format!("{label:<LABEL$}{value}")
                .chars()
                .take(width)
                .collect()
        })
        .into()
    }

    /// Scheduled and not yet ended.
    fn in_flight(&self, look: &Look<'_>) -> u64 {
        look.scheduled.saturating_sub(self.counts.iter().sum())
    }
}

impl Look<'_> {
    fn asked(&self) -> String {
        self.asked.map_or_else(
            || "no rate asked".into(),
            |rate| format!("asked {rate:.0}/s"),
        )
    }

    fn lag(&self) -> String {
        self.interval.lag.quantile(0.99).map_or_else(
            || "-".into(),
            |lag| format!("{:.2} ms", lag.as_secs_f64() * 1000.0),
        )
    }
}

/// The classes that occurred.
pub fn classes(counts: &Counts) -> String {
    listed(counts, "none yet")
}

/// How far the schedule is.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a few columns"
)]
fn bar(share: f64, width: usize) -> String {
    let full = (share.clamp(0.0, 1.0) * width as f64) as usize;
    format!("[{}{}]", "=".repeat(full), " ".repeat(width - full))
}

/// The last `width` values as bars, as high as the largest of them.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of at most one of seven"
)]
fn sparkline(values: &[f64], width: usize) -> String {
    let shown = &values[values.len().saturating_sub(width)..];
    let highest = shown.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    let bar = |value: &f64| BARS[(value / highest * 7.0).round().clamp(0.0, 7.0) as usize];
    shown.iter().map(bar).collect()
}

fn times(response: &Distribution) -> String {
    let Some(Quantiles {
        p50_seconds: p50,
        p95_seconds: p95,
        p99_seconds: p99,
        ..
    }) = response.quantiles()
    else {
        return "no answers".into();
    };
    let [p50, p95, p99] = [p50, p95, p99].map(|seconds| seconds * 1000.0);
    format!("p50 {p50:.1} p95 {p95:.1} p99 {p99:.1} ms")
}

#[cfg(test)]
mod tests {
    use super::sparkline;

    #[test]
    fn a_sparkline_is_as_high_as_its_largest_value() {
        assert_eq!(sparkline(&[0.0, 3.5, 7.0], 10), "▁▅█");
        assert_eq!(sparkline(&[9.0, 0.0, 0.0], 2), "▁▁", "only the last ones");
        assert_eq!(sparkline(&[], 10), "");
    }
}
