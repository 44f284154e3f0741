//! The guide's commands, run as they are written, and what they print compared with what the pages show.
//!
//! ```text
//! ~~~sh run          the commands, typed as they stand
//! ~~~text output     right after it, what they print: words count, numbers and ids differ from run to run
//! ```
//!
//! In what a page shows, `…` stands for any text in a line, and for any lines when it is the whole line. That links, paths and names
//! in the pages exist is tested without a stack, in `stack-tests`.

use std::os::unix::process::CommandExt;
use std::process::Stdio;

use anyhow::{Context, Result, bail, ensure};
use regex_lite::Regex;
use stack::markdown::Page;
use stack::repository::{dot_env, stems};

use crate::bench::Bench;
use crate::interrupt::Interrupt;

const FOLDER: &str = "docs";
/// Stands for what is left out.
const ANY: &str = "…";
/// Differs from run to run: ids and numbers.
const VARIES: &str = r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9][0-9.]*(e[+-]?[0-9]+)?";

/// Commands of a page, and what they print.
struct Step {
    /// File, line and first command.
    place: String,
    commands: String,
    /// None if the page doesn't show it.
    output: Option<String>,
}

/// Runs every runnable command of every page, in the order in which they are read.
pub(crate) fn run(interrupt: &Interrupt) -> Result<()> {
    let bench = Bench::new(interrupt)?;
    let pages = stems(FOLDER, "md").into_iter();
    let pages = pages.map(|stem| Page::read(&format!("{FOLDER}/{stem}.md")));
    let steps: Vec<_> = pages.flat_map(|page| steps(&page)).collect();
    ensure!(!steps.is_empty(), "no page has a runnable command");
    let mut failed = 0;
    for step in &steps {
        interrupt.check()?;
        let result = follow(&bench, step);
        interrupt.check()?;
        match result {
            Ok(()) => println!("ok      {}", step.place),
            Err(failure) => {
                failed += 1;
                println!("FAILED  {}\n{failure:#}", step.place);
            }
        }
    }
    println!("lab: {} passed, {failed} failed", steps.len() - failed);
    ensure!(failed == 0, "{failed} commands of the guide failed");
    Ok(())
}

/// The page's steps, from the top down. An output belongs to the command right above it, not to one further up.
fn steps(page: &Page) -> Vec<Step> {
    let next = page.blocks.iter().skip(1).map(Some).chain([None]);
    let pairs = page.blocks.iter().zip(next);
    pairs
        .filter(|(block, _)| block.info == "sh run")
        .map(|(block, next)| {
            let first = block.text.lines().next().unwrap_or_default();
            Step {
                place: format!("{}:{} {first}", page.file, block.line),
                commands: block.text.clone(),
                output: next
                    .filter(|next| next.info == "text output")
                    .map(|next| next.text.clone()),
            }
        })
        .collect()
}

/// Types the step's commands into a shell. The pages name the default ports and host; this stack may have others.
fn follow(bench: &Bench, step: &Step) -> Result<()> {
    let defaults = dot_env();
    let mut script = step.commands.clone();
    for (name, port) in bench.stack.ports() {
        let default = defaults.get(*name).context("a port of .env")?;
        let (default, port) = (format!("localhost:{default}"), format!("localhost:{port}"));
        script = script.replace(&default, &port);
    }
    let shell = ["bash", "-euo", "pipefail", "-c", &script];
    let mut command = bench.stack.command(&shell, &[])?;
    let output = command.stdin(Stdio::null()).process_group(0).output()?;
    let mut printed = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        printed.push_str(&String::from_utf8_lossy(&output.stderr));
        bail!("{}:\n{printed}", output.status);
    }
    if let Some(shown) = &step.output {
        let host = format!("http://{}:", bench.stack.public_host());
        compare(&shown.replace("http://localhost:", &host), &printed)?;
    }
    Ok(())
}

fn compare(shown: &str, printed: &str) -> Result<()> {
    let (shown, printed) = (plain(shown)?, plain(printed)?);
    let patterns: Vec<_> = shown
        .lines()
        .map(|line| match line {
            ANY => r"([^\n]*\n)*".to_owned(),
            line => regex_lite::escape(line).replace(ANY, r"[^\n]*") + r"\n",
        })
        .collect();
    if Regex::new(&format!("^{}$", patterns.concat()))?.is_match(&printed) {
        return Ok(());
    }
    let printed_line = |pattern: &str| {
        let line = Regex::new(&format!("(?m)^{pattern}"));
        line.is_ok_and(|line| line.is_match(&printed))
    };
    let mut lines = shown.lines().zip(&patterns);
    let absent = lines.find(|(line, pattern)| *line != ANY && !printed_line(pattern));
    let differs = absent.map_or("the order of the lines", |(line, _)| line);
    bail!("prints something else than the page shows, at: {differs}\nprinted:\n{printed}")
}

/// Ids and numbers as `#`, and the width of columns as one space.
fn plain(text: &str) -> Result<String> {
    let varies = Regex::new(VARIES)?;
    let lines = text.trim_end().lines().map(|line| {
        let words: Vec<_> = line.split_whitespace().collect();
        varies.replace_all(&words.join(" "), "#").into_owned() + "\n"
    });
    Ok(lines.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_of_the_guide_has_something_to_run() {
        for stem in stems(FOLDER, "md") {
            let numbered = stem.starts_with(|c: char| c.is_ascii_digit());
            let runs = !steps(&Page::read(&format!("{FOLDER}/{stem}.md"))).is_empty();
            assert!(runs || !numbered, "{stem} has no runnable command");
        }
    }

    #[test]
    fn an_output_belongs_to_the_command_right_above_it() {
        let text = "```sh run\n1\n```\n```text output\n2\n```\n```sh run\n3\n```\n```sh\n4\n```\n```text output\n5\n```\n";
        let found = steps(&Page::parse("docs/a.md", text));
        assert_eq!(found[0].place, "docs/a.md:1 1");
        assert_eq!(found[0].output.as_deref(), Some("2\n"));
        assert_eq!((found.len(), &found[1].output), (2, &None));
    }

    #[test]
    fn numbers_ids_and_what_is_left_out_may_differ_and_words_may_not() {
        let id = "7f0c52ab-3a31-4d0c-9a51-0f9e2b5a7c11";
        for (shown, printed, same) in [
            (&*format!("{id} 0.08"), &*id.replace('7', "8"), false),
            (&*format!("{id} 0.08"), &*format!("{id} 1.5e-05"), true),
            (
                &*format!("{id},"),
                "00000000-3a31-4d0c-9a51-0f9e2b5a7c1f,",
                true,
            ),
            ("a   12 ms", "a 3.5 ms", true),
            ("status success 1", "status failure 1", false),
            ("one\ntwo", "two\none", false),
            ("one", "one\ntwo", false),
            ("one\ntwo", "one", false),
            ("a … c", "a b d", false),
            ("a … c", "a b b c", true),
            ("one\n…\nlast", "one\ntwo\nthree\nlast", true),
            ("…", "", true),
        ] {
            assert_eq!(compare(shown, printed).is_ok(), same, "{shown}, {printed}");
        }
    }
}
