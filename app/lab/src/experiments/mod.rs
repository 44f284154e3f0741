//! The experiments: one file a question, named as it is asked for.

mod cardinality;
mod histogram;
mod notification;
mod pending;
mod pull;
mod queue;
mod reset;
mod sum;

use std::time::Instant;

use anyhow::{Context, Result, ensure};

use crate::bench::Bench;
use crate::interrupt::Interrupt;

/// A question and the way to answer it on the running stack.
pub(crate) struct Experiment {
    name: &'static str,
    run: fn(&Bench) -> Result<()>,
    /// On a quiet stack.
    seconds: u64,
    question: &'static str,
}

macro_rules! experiment {
    ($name:ident, about $seconds:literal s, $question:literal) => {
        Experiment {
            name: stringify!($name),
            run: $name::run,
            seconds: $seconds,
            question: $question,
        }
    };
}

/// All of them. The first needs a quiet stack, which the others leave behind least; the last is the longest.
const ALL: [Experiment; 8] = [
    experiment! { pending, about 120 s, "Why `for`? Why not fire at once?" },
    experiment! { sum, about 15 s, "Why does failures / total need sum()?" },
    experiment! { pull, about 20 s, "Why does Prometheus pull?" },
    experiment! { histogram, about 50 s, "Why a histogram and not an average?" },
    experiment! { cardinality, about 90 s, "Why is customer_id as a label dangerous?" },
    experiment! { notification, about 60 s, "How would it reach Slack or PagerDuty?" },
    experiment! { queue, about 220 s, "What does the queue do?" },
    experiment! { reset, about 270 s, "What happens to rate() when the counter resets?" },
];

pub(crate) fn named(name: &str) -> Result<&'static Experiment> {
    let names = ALL.map(|experiment| experiment.name).join(", ");
    let found = ALL.iter().find(|experiment| experiment.name == name);
    found.with_context(|| format!("there is no experiment {name:?}; choose one of {names}"))
}

pub(crate) fn list() {
    for one in &ALL {
        let (name, question, seconds) = (one.name, one.question, one.seconds);
        println!("  {name:<13} {question:<49} about {seconds} s");
    }
    let more = "until no order has finished for five minutes: up to five minutes more";
    println!("\npending first waits {more}.");
}

impl Experiment {
    /// Runs it on the stack of this checkout.
    pub(crate) fn run(&self, interrupt: &Interrupt) -> Result<()> {
        let bench = Bench::new(interrupt)?;
        println!("\n{}: {}\n", self.name, self.question);
        // What counts orders needs a Prometheus that shows what runs and nothing else.
        bench.only_what_runs()?;
        let result = (self.run)(&bench);
        bench.outcome.conclude(result)
    }
}

/// Runs all of them, each whatever became of the others, and prints one table.
pub(crate) fn run_all(interrupt: &Interrupt) -> Result<()> {
    let mut table = Vec::new();
    for experiment in &ALL {
        let started = Instant::now();
        let result = experiment.run(interrupt);
        let seconds = started.elapsed().as_secs();
        let verdict = match result {
            Err(failure) if interrupt.is_set() => return Err(failure),
            Err(failure) => {
                println!("  {failure:#}");
                "FAILED"
            }
            Ok(()) => "passed",
        };
        table.push((experiment.name, verdict, seconds));
    }
    println!();
    for (name, verdict, seconds) in &table {
        println!("  {name:<13} {verdict}  {seconds:>4} s");
    }
    let failed = table.iter().filter(|row| row.1 == "FAILED").count();
    println!("\nlab: {} passed, {failed} failed", table.len() - failed);
    ensure!(failed == 0, "{failed} experiments failed");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_is_answered_with_those_there_are() {
        assert!(ALL.iter().all(|experiment| named(experiment.name).is_ok()));
        let failure = named("average").err().expect("there is none");
        assert!(failure.to_string().contains("histogram"), "{failure}");
    }
}
