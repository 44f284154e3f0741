//! The commands that `scripts/lab` passes on; its usage describes them.

use anyhow::{Result, bail};

use crate::bench::Bench;
use crate::experiments::{self, Experiment};
use crate::interrupt::Interrupt;
use crate::{documents, panels};

/// What to do.
pub(crate) enum Command {
    /// Print the experiments.
    List,
    /// Run every experiment.
    All,
    /// Run this experiment.
    Experiment(&'static Experiment),
    /// Wait until the stack is quiet.
    Quiet,
    /// Mark the panels that a learner has built.
    CheckPanels,
    /// Run the commands of the guide.
    Documents,
}

impl Command {
    /// Understands the arguments.
    pub(crate) fn parse(arguments: &[String]) -> Result<Self> {
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        match words[..] {
            ["--list"] => Ok(Self::List),
            ["--all"] => Ok(Self::All),
            ["--documents"] => Ok(Self::Documents),
            ["quiet"] => Ok(Self::Quiet),
            ["check", "panels"] => Ok(Self::CheckPanels),
            [name] if !name.starts_with('-') => experiments::named(name).map(Self::Experiment),
            _ => bail!("no such command: {}", words.join(" ")),
        }
    }

    /// Does it.
    pub(crate) fn run(&self, interrupt: &Interrupt) -> Result<()> {
        match self {
            Self::List => experiments::list(),
            Self::All => experiments::run_all(interrupt)?,
            Self::Experiment(experiment) => experiment.run(interrupt)?,
            Self::Quiet => {
                Bench::new(interrupt.clone())?.quiet()?;
                println!("  quiet: no order has finished for five minutes");
            }
            Self::CheckPanels => panels::check()?,
            Self::Documents => documents::run(interrupt)?,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_there_is_not() {
        for line in ["", "--al", "average", "check", "check rules", "sum sum"] {
            let words: Vec<_> = line.split_whitespace().map(ToOwned::to_owned).collect();
            assert!(Command::parse(&words).is_err(), "{line}");
        }
    }
}
