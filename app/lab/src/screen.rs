//! What an experiment prints, and what its end depends on: whether each claim holds, and whether each change was undone ([`Undo`]).

use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

pub(crate) fn say(text: &str) {
    println!("  {text}");
}

/// What is waited for, and how long at most.
pub(crate) fn waiting(reason: &str, at_most: Duration) {
    println!("  ... {reason} (at most {} s)", at_most.as_secs());
}

/// A query on one line, what it reads, and what that means.
pub(crate) fn reading(expr: &str, reads: &str, meaning: &str) {
    let expr: Vec<_> = expr.split_whitespace().collect();
    println!("  query   {}", expr.join(" "));
    println!("  reads   {reads}\n          {meaning}\n");
}

/// A number as a person reads it: no more digits than mean something.
pub(crate) fn number(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.fract() == 0.0 {
        format!("{value:.0}")
    } else if value.abs() >= 100.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.3}")
    }
}

#[derive(Debug, Default)]
pub(crate) struct Outcome {
    claims: Mutex<Vec<(String, bool)>>,
    left_behind: Mutex<Vec<String>>,
}

impl Outcome {
    /// A claim and whether it holds. The experiment goes on after one that does not.
    pub(crate) fn claim(&self, claim: &str, holds: bool) {
        println!("  {} {claim}", if holds { "ok     " } else { "MISSED " });
        let mut claims = self.claims.lock().expect("no claim panics");
        claims.push((claim.to_owned(), holds));
    }

    pub(crate) fn left_behind(&self, what: String) {
        println!("  FAILED  {what}");
        self.left_behind.lock().expect("no undo panics").push(what);
    }

    /// An error if something could not be put back, the experiment failed, or a claim does not hold.
    pub(crate) fn conclude(&self, result: Result<()>) -> Result<()> {
        let left = self.left_behind.lock().expect("no undo panics");
        let by_hand = "undoing these changes failed; undo them by hand:\n  ";
        ensure!(left.is_empty(), "{by_hand}{}", left.join("\n  "));
        result?;
        let claims = self.claims.lock().expect("no claim panics");
        ensure!(!claims.is_empty(), "nothing was checked");
        let missed = claims.iter().filter(|(_, holds)| !holds);
        let missed: Vec<_> = missed.map(|(claim, _)| claim.as_str()).collect();
        let (all, not) = (claims.len(), missed.len());
        let named = missed.join("; ");
        ensure!(not == 0, "{not} of {all} claims do not hold: {named}");
        println!("  {all} of {all} claims hold");
        Ok(())
    }
}

/// Puts something back when it is dropped, however an experiment ends: through its last line, an error, a panic or a signal.
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
    fn a_missed_claim_is_named_at_the_end_and_checking_nothing_is_no_success() {
        let outcome = Outcome::default();
        assert!(outcome.conclude(Ok(())).is_err());
        outcome.claim("the sun rises in the east", true);
        outcome.claim("the sun rises in the west", false);
        let failure = outcome.conclude(Ok(())).expect_err("one was missed");
        let named = "1 of 2 claims do not hold: the sun rises in the west";
        assert_eq!(failure.to_string(), named);
    }

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
