//! What every experiment works with: the running stack, ways to query, load and await, and its outcome.
//!
//! Programs are started in `programs`. What an experiment changes is put back by [`Bench::undo`].

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::Value;
use stack::http::Client;
use stack::project::{Stack, wait_with};
use stack::prometheus::{self, Sample, now};

use crate::interrupt::{Interrupt, TICK};
use crate::screen::{Outcome, Undo, number, reading, say, waiting};

/// How long Prometheus shows the last sample of a series whose end it did not see, which is also the window of the rules; and a scrape.
const FIVE_MINUTES: Duration = Duration::from_secs(310);

/// How often something that takes minutes says how long it still takes.
const REPORT_EVERY: Duration = Duration::from_secs(30);

pub(crate) struct Bench {
    pub(crate) stack: Stack,
    pub(crate) outcome: Outcome,
    pub(crate) interrupt: Interrupt,
}

impl Bench {
    pub(crate) fn new(interrupt: &Interrupt) -> Result<Self> {
        let stack = Stack::of_this_checkout()?;
        let ready =
            |client: Client, path: &str| client.get(path).is_ok_and(|answer| answer.status == 200);
        ensure!(
            ready(stack.order_service(), "/ready")
                && ready(stack.prometheus(), "/-/ready")
                && ready(stack.alertmanager(), "/-/ready"),
            "the stack is not running, or not on the ports of .env; start it with scripts/up, then run this again"
        );
        Ok(Self {
            stack,
            outcome: Outcome::default(),
            interrupt: interrupt.clone(),
        })
    }

    pub(crate) fn claim(&self, claim: &str, holds: bool) {
        self.outcome.claim(claim, holds);
    }

    /// Puts something back when what is returned is dropped.
    pub(crate) fn undo<'a>(
        &'a self,
        what: &str,
        action: impl FnOnce() -> Result<()> + 'a,
    ) -> Undo<'a> {
        Undo::new(&self.outcome, what, action)
    }

    /// Waits until Prometheus shows exactly the replicas that run. Before the first scrape a burst is invisible to `rate()`. And a
    /// Prometheus that was down when a replica went away still shows it: every sum would count it, too.
    pub(crate) fn only_what_runs(&self) -> Result<()> {
        let alone = || {
            let shown = self.query("up{job=\"order-service\"}")?.len();
            Ok(shown > 0 && shown == prometheus::replicas_up(&self.stack.prometheus())?)
        };
        if !alone()? {
            let reason = "until Prometheus has scraped order-service and no longer shows replicas that are gone";
            waiting(reason, FIVE_MINUTES);
            let what = "Prometheus shows exactly the running replicas";
            self.wait(what, FIVE_MINUTES, alone)?;
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
        reading(expr, &number(value), meaning);
        Ok(value)
    }

    /// Waits for something that should be so soon, but not through a signal.
    pub(crate) fn wait(
        &self,
        what: &str,
        at_most: Duration,
        condition: impl FnMut() -> Result<bool>,
    ) -> Result<Duration> {
        wait_with(what, at_most, || self.interrupt.sleep(TICK), condition)
    }

    /// Waits until a query has a series.
    pub(crate) fn wait_for(&self, what: &str, at_most: Duration, expr: &str) -> Result<()> {
        let seen = || Ok(!self.query(expr)?.is_empty());
        self.wait(what, at_most, seen).map(|_| ())
    }

    /// Waits until a query has no series.
    pub(crate) fn wait_until_gone(&self, what: &str, at_most: Duration, expr: &str) -> Result<()> {
        let gone = || Ok(self.query(expr)?.is_empty());
        self.wait(what, at_most, gone).map(|_| ())
    }

    /// POST to order-service, expecting JSON.
    pub(crate) fn simulate(&self, parameters: &str) -> Result<Value> {
        self.interrupt.check()?;
        self.simulate_undisturbed(parameters)
    }

    /// The same to put something back, whatever signals there are.
    pub(crate) fn simulate_undisturbed(&self, parameters: &str) -> Result<Value> {
        let path = format!("/simulate?{parameters}");
        let answer = self.stack.order_service().post(&path)?;
        ensure!(answer.status == 200, "/simulate answered {}", answer.body);
        answer.json()
    }

    /// Waits until no order was finished for five minutes, and says how long that takes.
    pub(crate) fn quiet(&self) -> Result<()> {
        let quiet = || prometheus::is_quiet(&self.stack.prometheus());
        if quiet()? {
            return Ok(());
        }
        let what = "no order has finished for five minutes";
        waiting(&format!("until {what}"), FIVE_MINUTES);
        let mut next_report = Instant::now();
        self.wait(what, FIVE_MINUTES, || {
            if Instant::now() >= next_report {
                next_report += REPORT_EVERY;
                let left = self.quiet_in()?.as_secs();
                say(&format!("        quiet in about {left} s"));
            }
            quiet()
        })?;
        Ok(())
    }

    /// How long it takes until the newest order has left the window of five minutes, if no other comes.
    fn quiet_in(&self) -> Result<Duration> {
        let orders = "sum(orders_processed_total)[5m:5s]";
        let counted = prometheus::samples(&self.stack.prometheus(), orders)?;
        let pairs = counted.windows(2);
        let mut changes = pairs.filter(|pair| pair[0].1.total_cmp(&pair[1].1).is_ne());
        // A series that has just begun, or none: all of the window is still to come.
        let newest = changes.next_back().map_or_else(now, |pair| pair[1].0);
        let passed = Duration::from_secs_f64((now() - newest).max(0.0));
        Ok(Duration::from_mins(5).saturating_sub(passed))
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
        // Of the selector itself: of an expression, timestamp() is the moment of the query.
        let fresh = format!("timestamp(up{{job=\"order-service\"}}) > {}", now());
        self.wait("order-service is scraped", Duration::from_secs(30), || {
            let replicas = prometheus::replicas_up(&self.stack.prometheus())?;
            Ok(replicas > 0 && self.query(&fresh)?.len() >= replicas)
        })?;
        Ok(())
    }
}

pub(crate) fn window_since(start: f64) -> String {
    format!("{:.0}s", (now() - start).ceil())
}
