//! What was changed is put back, however an experiment ends: through its last line, an error, a panic or a signal.

use anyhow::Result;

/// Puts something back when it is dropped.
pub struct Undo<'a> {
    what: String,
    action: Option<Box<dyn FnOnce() -> Result<()> + 'a>>,
}

impl<'a> Undo<'a> {
    /// Will do this.
    pub fn new(what: &str, action: impl FnOnce() -> Result<()> + 'a) -> Self {
        Self {
            what: what.to_owned(),
            action: Some(Box::new(action)),
        }
    }

    /// Does it now, and says whether it worked.
    ///
    /// # Errors
    /// It did not.
    pub fn now(mut self) -> Result<()> {
        self.put_back()
    }

    fn put_back(&mut self) -> Result<()> {
        let Some(action) = self.action.take() else {
            return Ok(());
        };
        println!("  undo    {}", self.what);
        action()
    }
}

impl Drop for Undo<'_> {
    fn drop(&mut self) {
        if let Err(failure) = self.put_back() {
            eprintln!("could not {}: {failure:#}", self.what);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn is_done_once_whether_asked_for_or_not() {
        let times = Cell::new(0);
        let count = || {
            times.set(times.get() + 1);
            Ok(())
        };
        drop(Undo::new("count", count));
        assert_eq!(times.get(), 1);
        Undo::new("count", count).now().expect("counting works");
        assert_eq!(times.get(), 2);
    }
}
