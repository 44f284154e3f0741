//! The mutants that no test can catch or need catch, each with its reason, as they stand beside the tests.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use regex_lite::Regex;

/// Stands for any text in a line of the file: the same mutant of several rules needs its reason once.
const ANYTHING: &str = "…";

/// Lines of `FILE RULE: BEFORE → AFTER | REASON`.
pub(super) struct Reasons(Vec<Reason>);

struct Reason {
    line: String,
    mutant: Regex,
    why: String,
}

impl Reasons {
    pub(super) fn parse(text: &str) -> Result<Self> {
        let lines = text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        let parsed = lines.map(|line| {
            let (mutant, why) = line
                .rsplit_once(" | ")
                .with_context(|| format!("not FILE RULE: BEFORE → AFTER | REASON: {line}"))?;
            let mutant = regex_lite::escape(mutant.trim()).replace(ANYTHING, ".*");
            Ok(Reason {
                line: line.to_owned(),
                mutant: Regex::new(&format!("^{mutant}$"))?,
                why: why.trim().to_owned(),
            })
        });
        Ok(Self(parsed.collect::<Result<_>>()?))
    }

    /// Why a mutant may survive.
    pub(super) fn of(&self, mutant: &str) -> Option<&str> {
        let found = self.0.iter().find(|reason| reason.mutant.is_match(mutant));
        found.map(|reason| reason.why.as_str())
    }

    /// The lines that no surviving mutant needs.
    pub(super) fn stale(&self, survivors: &BTreeSet<String>) -> Vec<&str> {
        let needed = |reason: &&Reason| survivors.iter().any(|one| reason.mutant.is_match(one));
        let stale = self.0.iter().filter(|reason| !needed(reason));
        stale.map(|reason| reason.line.as_str()).collect()
    }
}
