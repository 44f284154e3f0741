//! What every experiment works with: the running stack, what is printed, and ways to query, load and await.
//!
//! Programs are started in `programs`. What an experiment changes is put back by an [`Undo`](crate::undo::Undo), which uses [`Bench::compose_undisturbed`].

use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use serde_json::Value;
use stack_tests::http::Client;
use stack_tests::prometheus::{self, Sample, now};
use stack_tests::stack::Stack;

use crate::interrupt::{Interrupt, TICK};
use crate::screen::{Screen, number};

/// How long Prometheus shows the last sample of a series that it did not see end, and a scrape.
const LOOKBACK: Duration = Duration::from_secs(310);

/// How often something that takes minutes says how long it still takes.
const REPORT_EVERY: Duration = Duration::from_secs(30);

/// What an experiment works with.
pub(crate) struct Bench {
    /// The stack of this checkout.
    pub(crate) stack: Stack,
    /// Where it is shown.
    pub(crate) screen: Screen,
    /// Whether there was a signal.
    pub(crate) interrupt: Interrupt,
}

impl Bench {
    /// For the running stack of this checkout.
    pub(crate) fn new(interrupt: Interrupt) -> Result<Self> {
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
        Ok(())
    }

    /// Waits until Prometheus shows exactly the replicas that run. Before the first scrape a burst is invisible to `rate()`. And a
    /// Prometheus that was down when a replica went away still shows it: every sum would count it, too.
    pub(crate) fn only_what_runs(&self) -> Result<()> {
        let alone = || {
            let shown = self.query("up{job=\"order-service\"}")?.len();
            Ok(shown > 0 && shown == prometheus::replicas_up(&self.stack.prometheus())?)
        };
        if !alone()? {
            self.screen.waiting(
                "until Prometheus has scraped order-service and no longer shows replicas that are gone",
                LOOKBACK,
            );
            self.wait(
                "Prometheus shows exactly the running replicas",
                LOOKBACK,
                alone,
            )?;
        }
        Ok(())
    }

    /// The series of an instant query, not printed.
    pub(crate) fn query(&self, expr: &str) -> Result<Vec<Sample>> {
        prometheus::query(&self.stack.prometheus(), expr)
    }

    /// The one value of an instant query, not printed.
    pub(crate) fn value(&self, expr: &str) -> Result<f64> {
        prometheus::value(&self.stack.prometheus(), expr)
    }

    /// Runs a query that has one series and shows what it reads and means.
    pub(crate) fn show(&self, expr: &str, meaning: &str) -> Result<f64> {
        let value = self.value(expr)?;
        self.screen.reading(expr, &number(value), meaning);
        Ok(value)
    }

    /// The stored samples of a range selector, all series together: time and value, the oldest first.
    pub(crate) fn samples(&self, range: &str) -> Result<Vec<(f64, f64)>> {
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
    pub(crate) fn wait(
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
                    Ok(_) => bail!("this did not happen within {} s: {what}", at_most.as_secs()),
                }
            }
            self.interrupt.sleep(TICK)?;
        }
    }

    /// POST to order-service, expecting JSON.
    pub(crate) fn simulate(&self, parameters: &str) -> Result<Value> {
        self.interrupt.check()?;
        self.simulate_undisturbed(parameters)
    }

    /// The same to put something back, whatever signals there are.
    pub(crate) fn simulate_undisturbed(&self, parameters: &str) -> Result<Value> {
        let answer = self
            .stack
            .order_service()
            .post(&format!("/simulate?{parameters}"))?;
        ensure!(answer.status == 200, "/simulate answered {}", answer.body);
        answer.json()
    }

    /// Waits until no order was finished for five minutes, and says how long that takes.
    pub(crate) fn quiet(&self) -> Result<()> {
        let at_most = Duration::from_secs(310);
        let quiet = || {
            // Right after a start there is no increase yet, not even one of 0.
            let finished = self.query("sum(increase(orders_processed_total[5m]))")?;
            Ok(finished.first().is_some_and(|sum| sum.value.abs() < 0.01))
        };
        if !quiet()? {
            self.screen
                .waiting("until no order has finished for five minutes", at_most);
            let mut next_report = Instant::now();
            self.wait("no order has finished for five minutes", at_most, || {
                if Instant::now() >= next_report {
                    next_report += REPORT_EVERY;
                    let left = self.quiet_in()?;
                    self.screen
                        .say(&format!("        quiet in about {} s", left.as_secs()));
                }
                quiet()
            })?;
        }
        Ok(())
    }

    /// How long it takes until the newest order has left the window of five minutes, if no other comes.
    fn quiet_in(&self) -> Result<Duration> {
        let counted = self.samples("sum(orders_processed_total)[5m:5s]")?;
        let mut changes = counted
            .windows(2)
            .filter(|pair| pair[0].1.total_cmp(&pair[1].1).is_ne());
        // A series that has just begun, or none: all of the window is still to come.
        let newest = changes.next_back().map_or_else(now, |pair| pair[1].0);
        Ok(Duration::from_mins(5)
            .saturating_sub(Duration::from_secs_f64((now() - newest).max(0.0))))
    }

    /// Expects that order-service has finished these orders of ours since it had finished `before`, and no others: somebody else's
    /// would be in the figures.
    pub(crate) fn expect_alone(&self, before: f64, ours: u32) -> Result<()> {
        let finished = self.finished()? - before;
        ensure!(
            (finished - f64::from(ours)).abs() < 0.5,
            "{finished} orders finished, but this experiment sent only {ours}: somebody else is sending orders; run it again \
             when nobody is"
        );
        Ok(())
    }

    /// Orders finished since the service started, as Prometheus has it.
    pub(crate) fn finished(&self) -> Result<f64> {
        self.value("sum(orders_processed_total)")
    }

    /// Waits until order-service has been scraped again, so that what was counted until now is stored.
    pub(crate) fn scraped(&self) -> Result<()> {
        let asked = now();
        self.wait("order-service is scraped", Duration::from_secs(30), || {
            // Of the selector itself: of an expression, timestamp() is the moment of the query.
            let fresh = format!("timestamp(up{{job=\"order-service\"}}) > {asked}");
            let replicas = prometheus::replicas_up(&self.stack.prometheus())?;
            Ok(replicas > 0 && self.query(&fresh)?.len() >= replicas)
        })?;
        Ok(())
    }
}

/// The window from a moment until now, for a range selector.
pub(crate) fn window_since(start: f64) -> String {
    format!("{:.0}s", (now() - start).ceil())
}
