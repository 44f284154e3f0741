//! The live panel: a few lines that are drawn over themselves.

use super::sparkline::sparkline;
use super::{Sample, asked, classes, lag, times};

const LABEL: usize = 12;

/// The lines of a sample, none longer than `width`.
pub(crate) fn lines(sample: &Sample, width: usize) -> Vec<String> {
    let elapsed = sample.elapsed.as_secs_f64();
    let duration = sample.duration.as_secs_f64();
    let bar_width = width.saturating_sub(LABEL + 16).clamp(4, 40);
    let rows = [
        (
            "phase",
            format!(
                "{}  {elapsed:.0} of {duration:.0} s {}",
                sample.stage,
                bar(elapsed / duration, bar_width)
            ),
        ),
        (
            "rate",
            format!(
                "{}, sent {:.0}/s, {} in flight",
                asked(sample),
                sample.achieved,
                sample.in_flight
            ),
        ),
        ("lag", format!("p99 {} (sent - intended)", lag(sample))),
        (
            "response",
            format!("{} in the last second", times(sample.recent.as_ref())),
        ),
        ("", format!("{} in all", times(sample.overall.as_ref()))),
        ("classes", classes(&sample.counts)),
        (
            "p99",
            sparkline(&sample.history, width.saturating_sub(LABEL + 1)),
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
