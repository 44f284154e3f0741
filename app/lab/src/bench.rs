//! The workbench of an experiment: the running stack, the screen, and the ways to disturb the one and look at it on the other.
//!
//! What an experiment changes is put back by an [`Undo`](crate::undo::Undo), which uses [`Bench::compose_undisturbed`].

use std::os::unix::process::CommandExt;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;
use stack_tests::http::Client;
use stack_tests::prometheus::{self, Sample, now};
use stack_tests::stack::{Finished, Stack};

use crate::interrupt::{Interrupt, Interrupted, TICK};
use crate::screen::{Screen, number};

/// The lag that a busy machine is granted; what is measured here is the service, not the generator.
const LOADGEN: &str = "docker compose --progress quiet run --rm -T loadgen --json --max-lag 1s";

/// What an experiment works with.
pub struct Bench {
    /// The stack of this checkout.
    pub stack: Stack,
    /// Where it is shown.
    pub screen: Screen,
    /// Whether somebody wants it to end.
    pub interrupt: Interrupt,
}

impl Bench {
    /// A workbench on the running stack of this checkout.
    ///
    /// # Errors
    /// Something of it does not answer.
    pub fn new(interrupt: Interrupt) -> Result<Self> {
        let bench = Self {
            stack: Stack::of_this_checkout()?,
            screen: Screen::default(),
            interrupt,
        };
        bench.expect_running()?;
        Ok(bench)
    }

    fn expect_running(&self) -> Result<()> {
        let ready =
            |client: Client, path: &str| client.get(path).is_ok_and(|answer| answer.status == 200);
        ensure!(
            ready(self.stack.order_service(), "/ready")
                && ready(self.stack.prometheus(), "/-/ready")
                && ready(self.stack.alertmanager(), "/-/ready"),
            "the stack is not running, or not on the ports of .env; start it with scripts/up, then run this again"
        );
        // Before the first scrape a burst is invisible to rate().
        self.wait(
            "order-service has been scraped",
            Duration::from_secs(30),
            || Ok(!self.query("up{job=\"order-service\"} == 1")?.is_empty()),
        )?;
        Ok(())
    }

    /// The series of an instant query, without a word on the screen.
    ///
    /// # Errors
    /// Prometheus does not answer, or not to this.
    pub fn query(&self, expr: &str) -> Result<Vec<Sample>> {
        prometheus::query(&self.stack.prometheus(), expr)
    }

    /// The one value of an instant query, without a word on the screen.
    ///
    /// # Errors
    /// There is not exactly one series.
    pub fn value(&self, expr: &str) -> Result<f64> {
        prometheus::value(&self.stack.prometheus(), expr)
    }

    /// Runs a query that has one series and shows what it reads and means.
    ///
    /// # Errors
    /// There is not exactly one series.
    pub fn show(&self, expr: &str, meaning: &str) -> Result<f64> {
        let value = self.value(expr)?;
        self.screen.reading(expr, &number(value), meaning);
        Ok(value)
    }

    /// The stored samples of a range selector, all series together: time and value, the oldest first.
    ///
    /// # Errors
    /// Prometheus does not answer, or not to this.
    pub fn samples(&self, range: &str) -> Result<Vec<(f64, f64)>> {
        let answer = self
            .stack
            .prometheus()
            .json("/api/v1/query", &[("query", range)])?;
        let series = answer["data"]["result"].as_array().into_iter().flatten();
        let values = series.flat_map(|one| one["values"].as_array().into_iter().flatten());
        let mut samples: Vec<(f64, f64)> = values
            .filter_map(|sample| Some((sample[0].as_f64()?, sample[1].as_str()?.parse().ok()?)))
            .collect();
        samples.sort_by(|a, b| a.0.total_cmp(&b.0));
        Ok(samples)
    }

    /// Waits for something that should be so soon.
    ///
    /// # Errors
    /// It is not so in time, or there was a signal.
    pub fn wait(
        &self,
        what: &str,
        at_most: Duration,
        mut condition: impl FnMut() -> Result<bool>,
    ) -> Result<Duration> {
        let started = Instant::now();
        loop {
            let seen = condition();
            if matches!(seen, Ok(true)) {
                return Ok(started.elapsed());
            }
            if started.elapsed() > at_most {
                match seen {
                    Err(failure) => return Err(failure.context(format!("waiting until {what}"))),
                    Ok(_) => bail!("not within {} s: {what}", at_most.as_secs()),
                }
            }
            self.interrupt.sleep(TICK)?;
        }
    }

    /// POST to order-service, expecting JSON.
    ///
    /// # Errors
    /// It does not answer with 200.
    pub fn simulate(&self, parameters: &str) -> Result<Value> {
        self.interrupt.check()?;
        let answer = self
            .stack
            .order_service()
            .post(&format!("/simulate?{parameters}"))?;
        ensure!(answer.status == 200, "/simulate answered {}", answer.body);
        answer.json()
    }

    /// Waits until no order was finished for five minutes.
    ///
    /// # Errors
    /// Somebody goes on ordering, or there was a signal.
    pub fn quiet(&self) -> Result<()> {
        let at_most = Duration::from_secs(310);
        let quiet = || {
            Ok(self
                .value("sum(increase(orders_processed_total[5m]))")?
                .abs()
                < 0.01)
        };
        if !quiet()? {
            self.screen
                .waiting("until no order was finished for five minutes", at_most);
            self.wait("no order was finished for five minutes", at_most, quiet)?;
        }
        Ok(())
    }

    /// Runs the load generator to its end and returns its summary.
    ///
    /// # Errors
    /// It could not run, or there was a signal.
    pub fn load(&self, arguments: &str) -> Result<Value> {
        self.screen.say(&format!("load    loadgen {arguments}"));
        let finished = self.run(&format!("{LOADGEN} {arguments}"), Heed::Signals)?;
        serde_json::from_str(&finished.stdout)
            .with_context(|| format!("exit {:?}: {}", finished.code, finished.output))
    }

    /// Runs `docker compose` for this stack and expects it to succeed.
    ///
    /// # Errors
    /// It does not, or there was a signal.
    pub fn compose(&self, arguments: &str) -> Result<String> {
        self.screen
            .say(&format!("does    docker compose {arguments}"));
        self.run_compose(arguments, Heed::Signals)
    }

    /// The same to put something back: whatever signals there are, it is done to its end.
    ///
    /// # Errors
    /// It does not succeed.
    pub fn compose_undisturbed(&self, arguments: &str) -> Result<String> {
        self.run_compose(arguments, Heed::Nothing)
    }

    fn run_compose(&self, arguments: &str, heed: Heed) -> Result<String> {
        let finished = self.run(
            &format!("docker compose --progress quiet {arguments}"),
            heed,
        )?;
        ensure!(
            finished.code == Some(0),
            "docker compose {arguments}: {}",
            finished.output
        );
        Ok(finished.stdout)
    }

    /// Runs a program in the stack's folder, in a process group of its own.
    fn run(&self, words: &str, heed: Heed) -> Result<Finished> {
        let interrupted = || heed == Heed::Signals && self.interrupt.is_set();
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
        let mut told = false;
        while !ended.is_finished() {
            if interrupted() && !told {
                told = true;
                // It may have ended just now; then there is nobody left to tell.
                let _ = kill_process_group(group, Signal::INT);
            }
            thread::sleep(TICK);
        }
        if told {
            return Err(Interrupted.into());
        }
        let output = ended.join().expect("waiting does not panic")?;
        Ok(Finished::from(output))
    }

    /// Waits until order-service has been scraped again, so that what was counted until now is stored.
    ///
    /// # Errors
    /// It is not scraped, or there was a signal.
    pub fn scraped(&self) -> Result<()> {
        let asked = now();
        self.wait("order-service is scraped", Duration::from_secs(30), || {
            // Of the selector itself: of an expression, timestamp() is the moment of the query.
            let last = self.query("min(timestamp(up{job=\"order-service\"}))")?;
            Ok(last.first().is_some_and(|sample| sample.value > asked))
        })?;
        Ok(())
    }
}

/// What a program that runs is ended by.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Heed {
    /// Ctrl-C and SIGTERM.
    Signals,
    /// Only itself.
    Nothing,
}

/// The window from a moment until now, for a range selector.
pub fn window_since(start: f64) -> String {
    format!("{:.0}s", (now() - start).ceil())
}
