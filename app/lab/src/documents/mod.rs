//! The guide's commands, run as they are written, and what they print compared with what the pages show.
//!
//! - [`page`]: finds the commands: a fence `sh run`, and, right after it, `text output` for what it prints
//! - [`output`]: what counts as the same output: numbers differ from run to run, words don't
//!
//! That links, paths and names in the pages exist is tested without a stack, in `stack-tests`.

pub(crate) mod output;
pub(crate) mod page;

use std::fs;
use std::os::unix::process::CommandExt;
use std::process::Stdio;

use anyhow::{Context, Result, bail, ensure};
use stack_tests::repository;

use crate::bench::Bench;
use crate::interrupt::Interrupt;
use page::Step;

/// Where the guide is.
const FOLDER: &str = "docs";

/// Runs every runnable command of every page, in the order in which they are read.
pub(crate) fn run(interrupt: &Interrupt) -> Result<()> {
    let bench = Bench::new(interrupt.clone())?;
    let mut failed = 0;
    let steps = steps()?;
    ensure!(!steps.is_empty(), "no page has a runnable command");
    for step in &steps {
        interrupt.check()?;
        let result = follow(&bench, step);
        interrupt.check()?;
        match result {
            Ok(()) => println!("ok      {}", step.place()),
            Err(failure) => {
                failed += 1;
                println!("FAILED  {}\n{failure:#}", step.place());
            }
        }
    }
    println!("lab: {} passed, {failed} failed", steps.len() - failed);
    ensure!(failed == 0, "{failed} commands of the guide failed");
    Ok(())
}

/// All steps of all pages.
fn steps() -> Result<Vec<Step>> {
    let mut steps = Vec::new();
    for stem in repository::stems(FOLDER, "md") {
        let file = format!("{FOLDER}/{stem}.md");
        let text =
            fs::read_to_string(repository::root().join(&file)).with_context(|| file.clone())?;
        steps.extend(page::steps(&file, &text));
    }
    Ok(steps)
}

/// Types the step's commands into a shell.
fn follow(bench: &Bench, step: &Step) -> Result<()> {
    let script = on_these_ports(bench, &step.commands)?;
    let output = bench
        .stack
        .command(&["bash", "-euo", "pipefail", "-c", &script], &[])?
        .stdin(Stdio::null())
        .process_group(0)
        .output()?;
    let mut printed = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        printed.push_str(&String::from_utf8_lossy(&output.stderr));
        bail!("{}:\n{printed}", output.status);
    }
    if let Some(expected) = &step.output {
        // So are the hosts in links.
        let host = bench.stack.public_host();
        let expected = expected.replace("http://localhost:", &format!("http://{host}:"));
        output::compare(&expected, &printed)?;
    }
    Ok(())
}

/// The pages name the default ports; this stack may have others.
fn on_these_ports(bench: &Bench, commands: &str) -> Result<String> {
    let defaults = repository::dot_env();
    let mut script = commands.to_owned();
    for (name, port) in bench.stack.ports() {
        let default = defaults.get(*name).context("a port of .env")?;
        script = script.replace(
            &format!("localhost:{default}"),
            &format!("localhost:{port}"),
        );
    }
    Ok(script)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_of_the_guide_has_something_to_run() {
        let steps = steps().expect("the pages can be read");
        for stem in repository::stems(FOLDER, "md") {
            let numbered = stem.starts_with(|c: char| c.is_ascii_digit());
            let runs = steps.iter().any(|step| step.file.contains(&stem));
            assert!(runs || !numbered, "{stem} has no runnable command");
        }
    }
}
