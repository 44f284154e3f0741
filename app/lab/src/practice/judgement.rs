//! What a check found, and how it is said.

use super::Exercise;

/// Something is missing, which the screen has said already: no more than the exit code is left to tell.
#[derive(Debug)]
pub struct Incomplete;

impl std::fmt::Display for Incomplete {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("something is missing")
    }
}

impl std::error::Error for Incomplete {}

/// What is right, what is missing, and what to do about it.
#[derive(Debug, Default)]
pub struct Judgement {
    pub(super) right: Vec<String>,
    pub(super) missing: Vec<String>,
    pub(super) next: Option<String>,
    /// How many of how many, where that is not what is listed.
    pub(super) score: Option<(usize, usize)>,
}

impl Judgement {
    /// Something is as it should be, or not yet.
    pub fn note(&mut self, claim: impl Into<String>, holds: bool) {
        if holds {
            self.right.push(claim.into());
        } else {
            self.missing.push(claim.into());
        }
    }

    /// Something is not there yet, and what to do about it; only the first such step is shown.
    pub fn miss(&mut self, claim: impl Into<String>, next: impl Into<String>) {
        self.missing.push(claim.into());
        self.next.get_or_insert(next.into());
    }

    /// Whether nothing is missing.
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty() && !self.right.is_empty()
    }

    pub(super) fn print(&self, exercise: Exercise) {
        let name = exercise.name();
        for claim in &self.right {
            println!("  right    {claim}");
        }
        for claim in &self.missing {
            println!("  missing  {claim}");
        }
        if self.is_complete() {
            println!("\nEverything is right. `git diff` shows how your version differs from ours.");
            println!("To replace it with ours: scripts/lab solution {name}");
            return;
        }
        let listed = (self.right.len(), self.right.len() + self.missing.len());
        let (right, all) = self.score.unwrap_or(listed);
        println!(
            "\n{right} of {all} right. Next: {}",
            self.next.as_deref().unwrap_or(exercise.first_step())
        );
        println!("Then check again: scripts/lab check {name}");
    }
}
