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

use anyhow::{Result, bail, ensure};

use crate::bench::Bench;
use crate::interrupt::Interrupt;

/// A question and the way to answer it on the running stack.
pub(crate) struct Experiment {
    /// As it is asked for.
    pub(crate) name: &'static str,
    /// The question.
    pub(crate) question: &'static str,
    /// About how long it takes on a quiet stack.
    pub(crate) takes: Duration,
    /// Whether it counts orders, and so needs a Prometheus that shows what runs and nothing else.
    counts_orders: bool,
    run: fn(&Bench) -> Result<()>,
}

/// All of them. The first needs a quiet stack, which the others leave behind least; the last is the longest.
pub(crate) const ALL: [Experiment; 8] = [
    Experiment {
        name: "pending",
        question: "Why `for`? Why not fire at once?",
        takes: Duration::from_mins(2),
        counts_orders: true,
        run: pending::run,
    },
    Experiment {
        name: "sum",
        question: "Why does failures / total need sum()?",
        takes: Duration::from_secs(15),
        counts_orders: true,
        run: sum::run,
    },
    Experiment {
        name: "pull",
        question: "Why does Prometheus pull?",
        takes: Duration::from_secs(20),
        counts_orders: true,
        run: pull::run,
    },
    Experiment {
        name: "histogram",
        question: "Why a histogram and not an average?",
        takes: Duration::from_secs(50),
        counts_orders: true,
        run: histogram::run,
    },
    Experiment {
        name: "cardinality",
        question: "Why is customer_id as a label dangerous?",
        takes: Duration::from_secs(90),
        counts_orders: true,
        run: cardinality::run,
    },
    Experiment {
        name: "notification",
        question: "How would it reach Slack or PagerDuty?",
        takes: Duration::from_mins(1),
        counts_orders: false,
        run: notification::run,
    },
    Experiment {
        name: "queue",
        question: "What does the queue do?",
        takes: Duration::from_secs(220),
        counts_orders: true,
        run: queue::run,
    },
    Experiment {
        name: "reset",
        question: "What happens to rate() when the counter resets?",
        takes: Duration::from_secs(270),
        counts_orders: true,
        run: reset::run,
    },
];

/// The experiment of that name.
pub(crate) fn named(name: &str) -> Result<&'static Experiment> {
    let names = ALL.map(|experiment| experiment.name).join(", ");
    let found = ALL.iter().find(|experiment| experiment.name == name);
    found.map_or_else(
        || bail!("there is no experiment {name:?}; choose one of {names}"),
        Ok,
    )
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
        let bench = Bench::new(interrupt.clone())?;
        bench.screen.question(self.name, self.question);
        if self.counts_orders {
            bench.only_what_runs()?;
        }
        let result = (self.run)(&bench);
        bench.screen.expect_put_back()?;
        result?;
        bench.screen.conclude()
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
    fn every_name_is_found_and_names_one_file() {
        for experiment in &ALL {
            let found = named(experiment.name).expect("it is in the list");
            assert_eq!(found.question, experiment.question);
            let file = format!("src/experiments/{}.rs", experiment.name);
            let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
            assert!(folder.join(&file).exists(), "{file}");
        }
    }

    #[test]
    fn an_unknown_name_is_answered_with_those_there_are() {
        let failure = named("average").err().expect("there is none");
        assert!(failure.to_string().contains("histogram"), "{failure}");
    }
}
