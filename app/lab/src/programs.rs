//! Programs that an experiment starts: the load generator and `docker compose`.
//!
//! They run in a process group of their own, where a terminal's Ctrl-C does not reach them: we forward the signal, unless they put
//! something back.

use std::os::unix::process::CommandExt;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;
use stack::project::Finished;

use crate::bench::Bench;
use crate::interrupt::{Interrupted, TICK};
use crate::screen::{say, waiting};

/// The lag that a busy machine is granted; what is measured here is the service, not the generator.
const LOADGEN: &str = "docker compose --progress quiet run --rm -T loadgen --json --max-lag 1s";

const REPORT_EVERY: Duration = Duration::from_secs(10);

/// What happens to a running program on Ctrl-C and SIGTERM.
#[derive(Clone, Copy, PartialEq, Eq)]
enum OnSignal {
    Forward,
    Finish,
}

impl Bench {
    /// Runs the load generator to its end and returns its summary.
    fn load(&self, arguments: &str) -> Result<Value> {
        say(&format!("load    loadgen {arguments}"));
        let finished = self.run(&format!("{LOADGEN} {arguments}"), OnSignal::Forward, |_| ())?;
        serde_json::from_str(&finished.stdout)
            .with_context(|| format!("exit {:?}: {}", finished.code, finished.output))
    }

    /// Runs the load generator for so long while `look` goes on for `looks`; its summary, and what was seen.
    pub(crate) fn during_load<T>(
        &self,
        load: &str,
        (lasts, looks): (Duration, Duration),
        look: impl FnOnce() -> Result<T>,
    ) -> Result<(Value, T)> {
        thread::scope(|scope| {
            let load =
                scope.spawn(|| self.load(&format!("{load} --duration {}s", lasts.as_secs())));
            let looked = look();
            if looked.is_ok() {
                waiting("until the load ends", lasts.saturating_sub(looks));
            }
            let summary = load.join().expect("loading does not panic")?;
            Ok((summary, looked?))
        })
    }

    /// Runs `docker compose` for this stack and expects it to succeed.
    pub(crate) fn compose(&self, arguments: &str) -> Result<String> {
        say(&format!("does    docker compose {arguments}"));
        self.run_compose(arguments, OnSignal::Forward)
    }

    /// The same, but a signal counts only afterwards: for what must not be left half done.
    pub(crate) fn compose_to_the_end(&self, arguments: &str) -> Result<String> {
        self.interrupt.check()?;
        say(&format!("does    docker compose {arguments}"));
        let printed = self.compose_undisturbed(arguments)?;
        self.interrupt.check()?;
        Ok(printed)
    }

    /// Runs `docker compose` without announcing it, and to its end whatever signals there are: to put something back, or for a
    /// quick question.
    pub(crate) fn compose_undisturbed(&self, arguments: &str) -> Result<String> {
        self.run_compose(arguments, OnSignal::Finish)
    }

    fn run_compose(&self, arguments: &str, on_signal: OnSignal) -> Result<String> {
        let words = format!("docker compose --progress quiet {arguments}");
        let finished = self.run(&words, on_signal, |elapsed| {
            let seconds = elapsed.as_secs();
            say(&format!("        not finished after {seconds} s"));
        })?;
        let finished = finished.success();
        let finished = finished.with_context(|| format!("docker compose {arguments}"))?;
        Ok(finished.stdout)
    }

    /// Runs a program in the stack's folder, in a process group of its own, and reports now and then that it still runs.
    fn run(
        &self,
        words: &str,
        on_signal: OnSignal,
        still_runs: impl Fn(Duration),
    ) -> Result<Finished> {
        let interrupted = || on_signal == OnSignal::Forward && self.interrupt.is_set();
        if interrupted() {
            return Err(Interrupted.into());
        }
        let words: Vec<_> = words.split(' ').collect();
        let child = self
            .stack
            .command(&words, &[])?
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .with_context(|| words.join(" "))?;
        let group = Pid::from_child(&child);
        let ended = thread::spawn(|| child.wait_with_output());
        let started = Instant::now();
        let mut next_report = REPORT_EVERY;
        let mut forwarded = false;
        while !ended.is_finished() {
            if interrupted() && !forwarded {
                forwarded = true;
                // It fails if the program has ended just now.
                let _ = kill_process_group(group, Signal::INT);
            }
            if started.elapsed() >= next_report {
                still_runs(next_report);
                next_report += REPORT_EVERY;
            }
            thread::sleep(TICK);
        }
        if forwarded {
            return Err(Interrupted.into());
        }
        let output = ended.join().expect("waiting does not panic")?;
        Ok(Finished::from(output))
    }
}
