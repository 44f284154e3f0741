//! What is shown on stderr while the load runs: a panel on a terminal, plain lines anywhere else.
//!
//! The final summary is in [`report`](crate::report).

use std::collections::VecDeque;
use std::io::{IsTerminal, Write};
use std::time::Duration;

use rustix::termios::tcgetwinsize;

use crate::ledger::{Class, Distribution, Quantiles, Totals, listed};

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
        let response = snapshot.recent.overall().responses();
        let p99 = response.quantile(0.99).unwrap_or_default();
        self.history.truncate(HISTORY - 1);
        self.history.push_front(p99.as_secs_f64() * 1000.0);
        let seconds = snapshot.since.as_secs_f64().max(f64::MIN_POSITIVE);
        let sent = snapshot.scheduled.saturating_sub(snapshot.total.unsent());
        let figures = Figures {
            asked: snapshot.asked.map_or_else(
                || "no rate asked".into(),
                |rate| format!("asked {rate:.0}/s"),
            ),
            sent: sent.saturating_sub(self.sent) as f64 / seconds,
            lag: snapshot.recent.lag.quantile(0.99).map_or_else(
                || "-".into(),
                |lag| format!("{:.2} ms", lag.as_secs_f64() * 1000.0),
            ),
            response: times(&response),
            classes: listed(&snapshot.total.counts(), "none yet"),
        };
        self.sent = sent;
        let Some(drawn) = self.drawn else {
            return self.note(&figures.line(snapshot));
        };
        let panel = figures.panel(snapshot, &self.history, columns());
        self.drawn = Some(panel.len());
        // Up over the old panel; each line is followed by "erase to its end".
        let up = if drawn > 0 {
            format!("\x1b[{drawn}A")
        } else {
            String::new()
        };
        write(&format!("{up}\r{}\x1b[K\n", panel.join("\x1b[K\n")));
    }

    /// Prints a line of its own.
    pub(crate) fn note(&mut self, text: &str) {
        self.drawn = self.drawn.map(|_| 0);
        write(&format!("{text}\n"));
    }
}

/// What both displays say.
struct Figures {
    asked: String,
    /// Per second.
    sent: f64,
    lag: String,
    response: String,
    classes: String,
}

impl Figures {
    /// One plain line: for logs, for CI, and for people who want no colour.
    fn line(&self, snapshot: &Snapshot<'_>) -> String {
        format!(
            "{:>4.0}s {}: {}, sent {:.0}/s, in flight {}, lag p99 {}, {}; so far {}",
            snapshot.elapsed.as_secs_f64(),
            snapshot.stage,
            self.asked,
            self.sent,
            snapshot.in_flight(),
            self.lag,
            self.response,
            self.classes
        )
    }

    /// The panel, none of its lines longer than `width`.
    fn panel(&self, snapshot: &Snapshot<'_>, history: &VecDeque<f64>, width: usize) -> Vec<String> {
        let elapsed = snapshot.elapsed.as_secs_f64();
        let duration = snapshot.duration.as_secs_f64();
        let progress = bar(
            elapsed / duration,
            width.saturating_sub(LABEL + 16).clamp(4, 40),
        );
        let stage = snapshot.stage;
        let overall = times(&snapshot.total.overall().responses());
        let rows = [
            (
                "phase",
                format!("{stage}  {elapsed:.0} of {duration:.0} s {progress}"),
            ),
            (
                "rate",
                format!(
                    "{}, sent {:.0}/s, {} in flight",
                    self.asked,
                    self.sent,
                    snapshot.in_flight()
                ),
            ),
            ("lag", format!("p99 {} (sent - intended)", self.lag)),
            ("response", format!("{} in the last second", self.response)),
            ("", format!("{overall} in all")),
            ("classes", self.classes.clone()),
            ("p99", sparkline(history, width.saturating_sub(LABEL + 1))),
        ];
        let lines = rows.map(|(label, value)| format!("{label:<LABEL$}{value}"));
        lines.map(|line| line.chars().take(width).collect()).into()
    }
}

impl Snapshot<'_> {
    /// Scheduled and not yet ended.
    fn in_flight(&self) -> u64 {
        let ended: u64 = Class::ALL.map(|class| self.total.count(class)).iter().sum();
        self.scheduled.saturating_sub(ended)
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
