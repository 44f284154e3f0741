//! A sample as one plain line, and as the few lines of the panel.

use super::{Sample, classes};
use crate::ledger::Quantiles;

/// Width of the panel's labels.
const LABEL: usize = 12;
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// One plain line: for logs, for CI, and for people who want no colour.
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

/// The panel, none of its lines longer than `width`.
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

/// The last `width` values as bars, as high as the largest of them.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of at most one of seven"
)]
pub fn sparkline(values: &[f64], width: usize) -> String {
    let shown = &values[values.len().saturating_sub(width)..];
    let highest = shown.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    let bar = |value: &f64| BARS[(value / highest * 7.0).round().clamp(0.0, 7.0) as usize];
    shown.iter().map(bar).collect()
}

/// A few response times, for either display.
fn times(figures: Option<&Quantiles>) -> String {
    let Some(figures) = figures else {
        return "no answers".into();
    };
    let [p50, p95, p99] = [
        figures.p50_seconds,
        figures.p95_seconds,
        figures.p99_seconds,
    ]
    .map(|s| s * 1000.0);
    format!("p50 {p50:.1} p95 {p95:.1} p99 {p99:.1} ms")
}

fn asked(sample: &Sample) -> String {
    sample.asked.map_or_else(
        || "no rate asked".into(),
        |rate| format!("asked {rate:.0}/s"),
    )
}

fn lag(sample: &Sample) -> String {
    sample.lag.map_or_else(
        || "-".into(),
        |lag| format!("{:.2} ms", lag.as_secs_f64() * 1000.0),
    )
}
