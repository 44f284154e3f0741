//! What is shown on stderr while the load runs: a panel on a terminal, plain lines anywhere else.
//!
//! The final summary is in [`report`](crate::report).

use std::collections::VecDeque;
use std::io::{IsTerminal, Write};
use std::time::Duration;

use rustix::termios::tcgetwinsize;

use crate::ledger::{Distribution, Quantiles, Totals, listed};

/// How many seconds the sparkline shows.
const HISTORY: usize = 60;
/// Width of the panel's labels.
const LABEL: usize = 12;
/// Width where a terminal doesn't say.
const COLUMNS: u16 = 80;
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A run as it stands, once a second.
#[derive(Debug)]
pub(crate) struct Snapshot<'a> {
    pub(crate) elapsed: Duration,
    /// Time since the last one.
    pub(crate) since: Duration,
    pub(crate) duration: Duration,
    /// The stage it is in; `drain` after the last arrival.
    pub(crate) stage: &'a str,
    /// Rate asked for at this moment; `None` in a closed loop.
    pub(crate) asked: Option<f64>,
    /// Arrivals given out so far.
    pub(crate) scheduled: u64,
    /// What was recorded since the last one.
    pub(crate) recent: &'a Totals,
    /// What was recorded so far.
    pub(crate) total: &'a Totals,
}

/// A display on stderr.
#[derive(Debug)]
pub(crate) struct Display {
    /// For a panel, how many lines to go up before it is drawn again.
    drawn: Option<usize>,
    /// p99 of each of the last seconds, in milliseconds.
    history: VecDeque<f64>,
    /// Requests sent by the last snapshot.
    sent: u64,
}

impl Display {
    /// The panel on a terminal; plain lines without one, with `CI`, `NO_COLOR` (no-color.org: set and not empty) or
    /// `TERM=dumb`.
    pub(crate) fn new(variable: impl Fn(&str) -> Option<String>) -> Self {
        let is_set = |name| variable(name).is_some_and(|value| !value.is_empty());
        let is_dumb = variable("TERM").is_none_or(|term| term == "dumb");
        let is_plain = is_set("CI") || is_set("NO_COLOR") || is_dumb;
        Self {
            drawn: (std::io::stderr().is_terminal() && !is_plain).then_some(0),
            history: VecDeque::with_capacity(HISTORY),
            sent: 0,
        }
    }

    pub(crate) fn show(&mut self, snapshot: &Snapshot<'_>) {
        let Snapshot {
            stage,
            recent,
            total,
            ..
        } = snapshot;
        let response = recent.overall().responses();
        let p99 = response.quantile(0.99).unwrap_or_default();
        self.history.truncate(HISTORY - 1);
        self.history.push_front(p99.as_secs_f64() * 1000.0);
        let seconds = snapshot.since.as_secs_f64().max(f64::MIN_POSITIVE);
        let sent = snapshot.scheduled.saturating_sub(total.unsent());
        let rate = sent.saturating_sub(self.sent) as f64 / seconds;
        self.sent = sent;
        let asked = snapshot.asked.map(|rate| format!("asked {rate:.0}/s"));
        let asked = asked.unwrap_or_else(|| "no rate asked".into());
        let lag = recent
            .lag
            .quantile(0.99)
            .map(|lag| lag.as_secs_f64() * 1000.0);
        let lag = lag.map_or_else(|| "-".into(), |lag| format!("{lag:.2} ms"));
        let ended: u64 = total.counts().iter().sum();
        let in_flight = snapshot.scheduled.saturating_sub(ended);
        let (response, counts) = (times(&response), listed(&total.counts(), "none yet"));
        let elapsed = snapshot.elapsed.as_secs_f64();
        let Some(drawn) = self.drawn else {
            // For logs, for CI, and for people who want no colour.
            return write(&format!(
                "{elapsed:>4.0}s {stage}: {asked}, sent {rate:.0}/s, in flight {in_flight}, lag p99 {lag}, {response}; so far {counts}\n"
            ));
        };
        let width = columns();
        let duration = snapshot.duration.as_secs_f64();
        let bar = bar(
            elapsed / duration,
            width.saturating_sub(LABEL + 16).clamp(4, 40),
        );
        let overall = times(&total.overall().responses());
        let rows = [
            (
                "phase",
                format!("{stage}  {elapsed:.0} of {duration:.0} s {bar}"),
            ),
            (
                "rate",
                format!("{asked}, sent {rate:.0}/s, {in_flight} in flight"),
            ),
            ("lag", format!("p99 {lag} (sent - intended)")),
            ("response", format!("{response} in the last second")),
            ("", format!("{overall} in all")),
            ("classes", counts),
            (
                "p99",
                sparkline(&self.history, width.saturating_sub(LABEL + 1)),
            ),
        ];
        let lines = rows.map(|(label, value)| {
            let line = format!("{label:<LABEL$}{value}");
            line.chars().take(width).collect::<String>()
        });
        self.drawn = Some(lines.len());
        // Up over the old panel; each line is followed by "erase to its end".
        let up = (drawn > 0).then(|| format!("\x1b[{drawn}A"));
        let up = up.unwrap_or_default();
        write(&format!("{up}\r{}\x1b[K\n", lines.join("\x1b[K\n")));
    }

    /// Prints a line of its own.
    pub(crate) fn note(&mut self, text: &str) {
        self.drawn = self.drawn.map(|_| 0);
        write(&format!("{text}\n"));
    }
}

/// How far the schedule is.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a few columns"
)]
fn bar(share: f64, width: usize) -> String {
    let full = (share.clamp(0.0, 1.0) * width as f64) as usize;
    format!("[{}{}]", "=".repeat(full), " ".repeat(width - full))
}

/// The last `width` values as bars, as high as the largest of them; the newest value comes first in `history` and last here.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of at most one of seven"
)]
fn sparkline(history: &VecDeque<f64>, width: usize) -> String {
    let shown = || history.iter().take(width).copied();
    let highest = shown().fold(f64::MIN_POSITIVE, f64::max);
    let bar = |value: f64| BARS[(value / highest * 7.0).round().clamp(0.0, 7.0) as usize];
    let bars: Vec<char> = shown().map(bar).collect();
    bars.into_iter().rev().collect()
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

/// Writes to stderr at once; a closed stderr must not end the run.
fn write(text: &str) {
    let _nobody_reads = std::io::stderr().lock().write_all(text.as_bytes());
}

/// One column is left free: a line that fills the last one would wrap on some terminals.
fn columns() -> usize {
    let columns = tcgetwinsize(std::io::stderr()).map_or(COLUMNS, |size| size.ws_col);
    usize::from(if columns == 0 { COLUMNS } else { columns })
        .saturating_sub(1)
        .max(20)
}

#[cfg(test)]
mod tests {
    use super::sparkline;

    #[test]
    fn a_sparkline_is_as_high_as_its_largest_value() {
        assert_eq!(sparkline(&[7.0, 3.5, 0.0].into(), 10), "▁▅█");
        assert_eq!(
            sparkline(&[0.0, 0.0, 9.0].into(), 2),
            "▁▁",
            "only the last ones"
        );
        assert_eq!(sparkline(&[].into(), 10), "");
    }
}
