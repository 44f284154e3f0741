//! Prints each check and its result as it happens, and counts them.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Counts the checks. All parts of a run share the counts.
#[derive(Default, Clone)]
pub(crate) struct Report {
    part: &'static str,
    passed: Arc<AtomicUsize>,
    failed: Arc<AtomicUsize>,
    skipped: Arc<AtomicUsize>,
}

impl Report {
    pub(crate) fn of(&self, part: &'static str) -> Self {
        Self {
            part,
            ..self.clone()
        }
    }

    /// Runs a check, prints what it saw, and tells whether it passed.
    pub(crate) fn check(&self, name: &str, check: impl FnOnce() -> anyhow::Result<String>) -> bool {
        let started = Instant::now();
        let result = check();
        let seconds = started.elapsed().as_secs_f64();
        let (verdict, seen, count) = match &result {
            Ok(seen) => ("ok    ", seen.clone(), &self.passed),
            Err(failure) => ("FAILED", format!("{failure:#}"), &self.failed),
        };
        count.fetch_add(1, Ordering::Relaxed);
        println!("{verdict} {}: {name} ({seconds:.1} s): {seen}", self.part);
        result.is_ok()
    }

    /// Prints what is not checked, and why.
    pub(crate) fn skipped(&self, what: &str) {
        self.skipped.fetch_add(1, Ordering::Relaxed);
        println!("skipped {}: {what}", self.part);
    }

    /// Prints what the checks wait for, and for how long at most.
    pub(crate) fn waiting(&self, reason: &str, at_most: Duration) {
        let seconds = at_most.as_secs();
        println!("  ...  {}: {reason} (at most {seconds} s)", self.part);
    }

    /// Prints the counts; success if nothing failed and something passed.
    pub(crate) fn conclude(&self) -> ExitCode {
        let [passed, failed, skipped] =
            [&self.passed, &self.failed, &self.skipped].map(|c| c.load(Ordering::Relaxed));
        println!("stack: {passed} passed, {failed} failed, {skipped} skipped");
        if failed == 0 && passed > 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}
