//! The experiments: one file a question, named as it is asked for.

mod cardinality;
mod histogram;
mod notification;
mod pending;
mod pull;
mod queue;
mod reset;
mod sum;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::bench::Bench;
use crate::interrupt::Interrupt;

/// A question and the way to answer it on the running stack.
pub(crate) struct Experiment {
    name: &'static str,
    question: &'static str,
    /// About how long it takes on a quiet stack.
    takes: Duration,
    run: fn(&Bench) -> Result<()>,
}

/// All of them. The first needs a quiet stack, which the others leave behind least; the last is the longest.
const ALL: [Experiment; 8] = [
    experiment(
        "pending",
        "Why `for`? Why not fire at once?",
        120,
        pending::run,
    ),
    experiment("sum", "Why does failures / total need sum()?", 15, sum::run),
    experiment("pull", "Why does Prometheus pull?", 20, pull::run),
    experiment(
        "histogram",
        "Why a histogram and not an average?",
        50,
        histogram::run,
    ),
    experiment(
        "cardinality",
        "Why is customer_id as a label dangerous?",
        90,
        cardinality::run,
    ),
    experiment(
        "notification",
        "How would it reach Slack or PagerDuty?",
        60,
        notification::run,
    ),
    experiment("queue", "What does the queue do?", 220, queue::run),
    experiment(
        "reset",
        "What happens to rate() when the counter resets?",
        270,
        reset::run,
    ),
];

const fn experiment(
    name: &'static str,
    question: &'static str,
    seconds: u64,
    run: fn(&Bench) -> Result<()>,
) -> Experiment {
    Experiment {
        name,
        question,
        takes: Duration::from_secs(seconds),
        run,
    }
}

/// The experiment of that name.
pub(crate) fn named(name: &str) -> Result<&'static Experiment> {
    let names = ALL.map(|experiment| experiment.name).join(", ");
    let found = ALL.iter().find(|experiment| experiment.name == name);
    found.with_context(|| format!("there is no experiment {name:?}; choose one of {names}"))
}

/// Prints what there is.
pub(crate) fn list() {
    for experiment in &ALL {
        println!(
            "  {:<13} {:<49} about {} s",
            experiment.name,
            experiment.question,
            experiment.takes.as_secs()
        );
    }
    println!(
        "\npending first waits until no order has finished for five minutes: up to five minutes more."
    );
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
        match result {
            Err(failure) if interrupt.is_set() => return Err(failure),
            Err(failure) => {
                println!("  {failure:#}");
                table.push((experiment.name, "FAILED", seconds));
            }
            Ok(()) => table.push((experiment.name, "passed", seconds)),
        }
    }
    println!();
    for (name, verdict, seconds) in &table {
        println!("  {name:<13} {verdict}  {seconds:>4} s");
    }
    let failed = table.iter().filter(|row| row.1 == "FAILED").count();
    println!("\nlab: {} passed, {failed} failed", table.len() - failed);
    ensure!(
        failed == 0,
        "{failed} of {} experiments failed",
        table.len()
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_that_of_a_file_and_an_unknown_one_is_answered_with_those_there_are() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/experiments");
        for Experiment { name, question, .. } in &ALL {
            let found = named(name).expect("it is in the list");
            assert_eq!(found.question, *question);
            assert!(folder.join(format!("{name}.rs")).exists(), "{name}");
        }
        let failure = named("average").err().expect("there is none");
        assert!(failure.to_string().contains("histogram"), "{failure}");
    }
}
