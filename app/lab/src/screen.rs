//! What an experiment prints: its steps, each query with its value and its meaning, and whether each claim holds.

use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Result, ensure};

/// Prints, and keeps what the end depends on.
#[derive(Debug, Default)]
pub(crate) struct Screen {
    /// Each claim, and whether it held.
    claims: Mutex<Vec<(String, bool)>>,
    /// What was changed and could not be put back, and why.
    left_behind: Mutex<Vec<String>>,
}

#[expect(
    clippy::unused_self,
    reason = "what prints is called like what also keeps something"
)]
impl Screen {
    /// The question that is answered from here on.
    pub(crate) fn question(&self, name: &str, question: &str) {
        println!("\n{name}: {question}\n");
    }

    /// A step.
    pub(crate) fn say(&self, text: &str) {
        println!("  {text}");
    }

    /// What is waited for, and how long at most.
    pub(crate) fn waiting(&self, reason: &str, at_most: Duration) {
        println!("  ... {reason} (at most {} s)", at_most.as_secs());
    }

    /// A query, what it reads, and what that means.
    pub(crate) fn reading(&self, expr: &str, reads: &str, meaning: &str) {
        println!("  query   {}", one_line(expr));
        println!("  reads   {reads}");
        println!("          {meaning}\n");
    }

    /// A claim and whether it holds. The experiment goes on after one that does not.
    pub(crate) fn claim(&self, claim: &str, holds: bool) {
        println!("  {} {claim}", if holds { "ok     " } else { "MISSED " });
        let mut claims = self.claims.lock().expect("no claim panics");
        claims.push((claim.to_owned(), holds));
    }

    /// Something could not be put back.
    pub(crate) fn left_behind(&self, what: String) {
        println!("  FAILED  {what}");
        let mut left = self.left_behind.lock().expect("no undo panics");
        left.push(what);
    }

    /// Says what is not as it was before.
    pub(crate) fn expect_put_back(&self) -> Result<()> {
        let left = self.left_behind.lock().expect("no undo panics");
        ensure!(
            left.is_empty(),
            "undoing these changes failed; undo them by hand:\n  {}",
            left.join("\n  ")
        );
        Ok(())
    }

    /// Says how it went.
    pub(crate) fn conclude(&self) -> Result<()> {
        let claims = self.claims.lock().expect("no claim panics");
        ensure!(!claims.is_empty(), "nothing was checked");
        let missed: Vec<_> = claims
            .iter()
            .filter(|(_, holds)| !holds)
            .map(|(claim, _)| claim.as_str())
            .collect();
        ensure!(
            missed.is_empty(),
            "{} of {} claims do not hold: {}",
            missed.len(),
            claims.len(),
            missed.join("; ")
        );
        println!("  {0} of {0} claims hold", claims.len());
        Ok(())
    }
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

fn one_line(expr: &str) -> String {
    expr.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missed_claim_is_named_at_the_end() {
        let screen = Screen::default();
        screen.claim("the sun rises in the east", true);
        screen.claim("the sun rises in the west", false);
        let failure = screen.conclude().expect_err("one was missed");
        assert_eq!(
            failure.to_string(),
            "1 of 2 claims do not hold: the sun rises in the west"
        );
    }

    #[test]
    fn checking_nothing_is_no_success() {
        assert!(Screen::default().conclude().is_err());
    }

    #[test]
    fn numbers_have_the_digits_that_mean_something() {
        for (value, text) in [
            (0.0, "0"),
            (0.1, "0.100"),
            (353.25, "353.2"),
            (4800.0, "4800"),
        ] {
            assert_eq!(number(value), text);
        }
        assert_eq!(number(f64::NAN), "NaN");
    }
}
