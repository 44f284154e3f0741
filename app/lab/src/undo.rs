//! What was changed is put back, however an experiment ends: through its last line, an error, a panic or a signal.

use anyhow::{Context, Result};

use crate::screen::Screen;

/// Puts something back when it is dropped.
pub(crate) struct Undo<'a> {
    screen: &'a Screen,
    what: String,
    action: Option<Box<dyn FnOnce() -> Result<()> + 'a>>,
}

impl<'a> Undo<'a> {
    /// Will do this, and prints if it could not.
    pub(crate) fn new(
        screen: &'a Screen,
        what: &str,
        action: impl FnOnce() -> Result<()> + 'a,
    ) -> Self {
        Self {
            screen,
            what: what.to_owned(),
            action: Some(Box::new(action)),
        }
    }

    /// Does it now, and says whether it worked.
    pub(crate) fn now(mut self) -> Result<()> {
        self.put_back()
            .with_context(|| format!("could not {}", self.what))
    }

    fn put_back(&mut self) -> Result<()> {
        let Some(action) = self.action.take() else {
            return Ok(());
        };
        self.screen.say(&format!("undo    {}", self.what));
        action()
    }
}

impl Drop for Undo<'_> {
    fn drop(&mut self) {
        if let Err(failure) = self.put_back() {
            self.screen
                .left_behind(format!("{}: {failure:#}", self.what));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use anyhow::bail;

    use super::*;

    #[test]
    fn is_done_once_whether_asked_for_or_not() {
        let times = Cell::new(0);
        let count = || {
            times.set(times.get() + 1);
            Ok(())
        };
        let screen = Screen::default();
        drop(Undo::new(&screen, "count", count));
        assert_eq!(times.get(), 1);
        Undo::new(&screen, "count", count)
            .now()
            .expect("counting works");
        assert_eq!(times.get(), 2);
        screen.expect_put_back().expect("both worked");
    }

    #[test]
    fn what_could_not_be_put_back_is_told() {
        let screen = Screen::default();
        drop(Undo::new(&screen, "start it", || bail!("no engine")));
        let failure = screen.expect_put_back().expect_err("it was not started");
        assert!(
            failure.to_string().contains("start it: no engine"),
            "{failure}"
        );
    }
}
