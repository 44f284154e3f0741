//! What was changed is put back, however an experiment ends: through its last line, an error, a panic or a signal.

use anyhow::{Context, Result};

use crate::screen::{Outcome, say};

pub(crate) struct Undo<'a> {
    outcome: &'a Outcome,
    what: String,
    action: Option<Box<dyn FnOnce() -> Result<()> + 'a>>,
}

impl<'a> Undo<'a> {
    /// If `action` fails, the outcome says what was left behind.
    pub(crate) fn new(
        outcome: &'a Outcome,
        what: &str,
        action: impl FnOnce() -> Result<()> + 'a,
    ) -> Self {
        Self {
            outcome,
            what: what.to_owned(),
            action: Some(Box::new(action)),
        }
    }

    pub(crate) fn now(mut self) -> Result<()> {
        self.put_back()
            .with_context(|| format!("could not {}", self.what))
    }

    fn put_back(&mut self) -> Result<()> {
        let Some(action) = self.action.take() else {
            return Ok(());
        };
        say(&format!("undo    {}", self.what));
        action()
    }
}

impl Drop for Undo<'_> {
    fn drop(&mut self) {
        if let Err(failure) = self.put_back() {
            let what = format!("{}: {failure:#}", self.what);
            self.outcome.left_behind(what);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use anyhow::bail;

    use super::*;

    #[test]
    fn is_done_once_whether_asked_for_or_not_and_a_failure_is_told() {
        let times = Cell::new(0);
        let count = || {
            times.set(times.get() + 1);
            Ok(())
        };
        let outcome = Outcome::default();
        outcome.claim("it is undone", true);
        drop(Undo::new(&outcome, "count", count));
        let asked = Undo::new(&outcome, "count", count);
        asked.now().expect("counting works");
        assert_eq!(times.get(), 2);
        outcome.conclude(Ok(())).expect("both worked");
        drop(Undo::new(&outcome, "start it", || bail!("no engine")));
        let failure = outcome.conclude(Ok(())).expect_err("it was not started");
        assert!(failure.to_string().contains("start it: no engine"));
    }
}
