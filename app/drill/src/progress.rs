//! What goes on, on standard error: a line for each change, and now and then while nothing changes.

use std::time::{Duration, Instant};

/// How often the same is said again.
const AGAIN: Duration = Duration::from_secs(30);

/// What was said last, and when.
#[derive(Debug, Default)]
pub(crate) struct Progress(Option<(String, Instant)>);

impl Progress {
    /// Says a line about something that goes on.
    pub(crate) fn say(&mut self, what: &str, line: &str) {
        let said = self.0.as_ref();
        if said.is_none_or(|(own, at)| own != what || at.elapsed() > AGAIN) {
            eprintln!("{line}");
            self.0 = Some((what.into(), Instant::now()));
        }
    }
}
