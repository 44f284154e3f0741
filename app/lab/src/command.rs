//! What can be asked for.

use anyhow::Result;

use crate::interrupt::Interrupt;
use crate::practice::{self, Exercise};
use crate::{documents, experiments};

/// What `--help` prints.
pub const USAGE: &str = "\
Experiments on the running stack that answer the guide's questions, and exercises in its files.

Usage: scripts/lab NAME               run one experiment
       scripts/lab --list             list the experiments: name, question, duration
       scripts/lab --all              run all experiments, then print a table of the results
       scripts/lab begin EXERCISE     take out the code that you will write; its place says what to do
       scripts/lab check EXERCISE     say what is right, what is missing, what to do next
       scripts/lab solution EXERCISE  put the code back; your version is kept in git
       scripts/lab --documents        run the guide's commands and compare what they print
       scripts/lab --self-test        prove that each exercise fails with its gap and passes with its solution

EXERCISE is instruments, panels or rules. Exit codes: 0 success, 1 failure or something is missing, 2 no such
command, 130 interrupted.
";

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Print the usage.
    Help,
    /// Print the experiments.
    List,
    /// Run every experiment.
    All,
    /// Run this experiment.
    Experiment(String),
    /// Take a piece out.
    Begin(Exercise),
    /// Say how far it is.
    Check(Exercise),
    /// Put it back.
    Solution(Exercise),
    /// Run the commands of the guide.
    Documents,
    /// Prove the exercises.
    SelfTest,
}

impl Command {
    /// Understands the arguments.
    ///
    /// # Errors
    /// They make no command.
    pub fn parse(arguments: &[String]) -> Result<Self> {
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        match words[..] {
            ["--help" | "-h"] => Ok(Self::Help),
            ["--list"] => Ok(Self::List),
            ["--all"] => Ok(Self::All),
            ["--documents"] => Ok(Self::Documents),
            ["--self-test"] => Ok(Self::SelfTest),
            ["begin", name] => Exercise::named(name).map(Self::Begin),
            ["check", name] => Exercise::named(name).map(Self::Check),
            ["solution", name] => Exercise::named(name).map(Self::Solution),
            [name] if !name.starts_with('-') => {
                experiments::named(name).map(|found| Self::Experiment(found.name.to_owned()))
            }
            _ => anyhow::bail!("no such command: {}", words.join(" ")),
        }
    }

    /// Does it.
    ///
    /// # Errors
    /// It did not go as it should, or there was a signal.
    pub fn run(&self, interrupt: &Interrupt) -> Result<()> {
        match self {
            Self::Help => print!("{USAGE}"),
            Self::List => experiments::list(),
            Self::All => experiments::run_all(interrupt)?,
            Self::Experiment(name) => experiments::named(name)?.run(interrupt)?,
            Self::Begin(exercise) => practice::begin(*exercise)?,
            Self::Check(exercise) => practice::check(*exercise)?,
            Self::Solution(exercise) => practice::solution(*exercise)?,
            Self::Documents => documents::run(interrupt)?,
            Self::SelfTest => practice::self_test(interrupt)?,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Command> {
        let words: Vec<_> = line.split_whitespace().map(ToOwned::to_owned).collect();
        Command::parse(&words)
    }

    #[test]
    fn understands_what_the_usage_names() {
        for (line, command) in [
            ("--help", Command::Help),
            ("--list", Command::List),
            ("--all", Command::All),
            ("sum", Command::Experiment("sum".to_owned())),
            ("begin rules", Command::Begin(Exercise::Rules)),
            ("check panels", Command::Check(Exercise::Panels)),
            (
                "solution instruments",
                Command::Solution(Exercise::Instruments),
            ),
        ] {
            assert_eq!(parse(line).expect("it is in the usage"), command, "{line}");
        }
    }

    #[test]
    fn refuses_what_there_is_not() {
        for line in [
            "",
            "--al",
            "average",
            "begin",
            "begin dashboards",
            "sum sum",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
