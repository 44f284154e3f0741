//! The acts themselves: what a performance does until it is allowed to go on.

use std::time::Duration;

use hyper::Method;
use tokio::time::sleep;

use super::load::{Load, Recipe};
use super::{Halt, Performance, now};
use crate::drill::definition::{Goal, Mark, Simulation};
use crate::drill::judge::{Row, Step};
use crate::drill::known::Window;
use crate::drill::sources::UnixSeconds;

impl Performance<'_> {
    pub(super) fn mark(&mut self, mark: Mark, at: UnixSeconds) {
        self.marks.set(mark, Window::at(at));
    }

    pub(super) async fn begin(&mut self, recipe: Recipe) -> Result<(), Halt> {
        let server = &self.theatre.stack.order_service;
        self.load = Some(Load::start(recipe, server, self.terms.seed).await?);
        Ok(())
    }

    pub(super) async fn simulate(&mut self, simulation: &Simulation) -> Result<(), Halt> {
        let Simulation {
            count,
            error_rate,
            marks,
        } = simulation;
        let seed = self.terms.seed;
        let path = format!("/simulate?count={count}&error_rate={error_rate}&seed={seed}");
        self.mark(*marks, now());
        // As long as order-service may take for any batch that it accepts.
        let patience = Duration::from_secs(130);
        let asked = self
            .theatre
            .servers
            .order_service
            .ask(Method::POST, &path, patience);
        tokio::select! {
            answer = asked => answer.map(|_| ()).map_err(|error| Halt::Broken(error.to_string())),
            signal = self.theatre.signals.next() => Err(Halt::Interrupted(signal)),
        }
    }

    pub(super) async fn wait_half_of_hold(&mut self) -> Result<(), Halt> {
        let begin = self
            .marks
            .get(Mark::Storm)
            .map_or(now(), |begin| begin.earliest);
        let half = self
            .known
            .backgrounds
            .first()
            .map_or(0.0, |first| first.hold / 2.0);
        while now() < begin + half {
            self.look().await?;
            self.fail_on_failures()?;
            self.show(
                &format!("half of the rule's `for`, {half:.0} s"),
                begin + half,
            );
            let left = (begin + half - now()).clamp(0.0, self.watch.pause);
            self.pause(Duration::from_secs_f64(left)).await?;
        }
        Ok(())
    }

    /// Looks until the goal is reached or a step has failed.
    pub(super) async fn reach(&mut self, goal: Goal) -> Result<(), Halt> {
        loop {
            self.look().await?;
            let rows = self.fail_on_failures()?;
            let mut wanted = rows.iter().filter(|row| row.counts_for(goal));
            let Some(next) = wanted.find(|row| !row.is_settled() && row.failure().is_none()) else {
                return Ok(());
            };
            let until = next
                .expected
                .map_or(now(), |expected| expected.latest + self.terms.slack);
            let mut fellows = self
                .watch
                .evidence
                .iter()
                .filter_map(|own| own.fellow.as_ref());
            let goes_on = match fellows.next() {
                Some(fellow) if next.step == Step::OneIncident => {
                    format!(" ({fellow} goes on, healthy orders dilute it)")
                }
                _ => String::new(),
            };
            let wanted = format!("{} {}{goes_on}", next.subject, next.step.name());
            self.show(&wanted, until);
            // The healthy load has done its work when nothing is left but the notices.
            let is_diluted = rows
                .iter()
                .filter(|row| row.step == Step::Resolved)
                .all(Row::is_settled)
                && self.watch.evidence.iter().all(|own| own.fellow.is_none());
            if goal == Goal::Over && is_diluted {
                self.end_load().await?;
            }
            self.pause(Duration::from_secs_f64(self.watch.pause))
                .await?;
        }
    }

    pub(super) async fn calm(&mut self) -> Result<(), Halt> {
        let length = self.load.as_ref().and_then(|load| load.recipe.length);
        let begin = self
            .marks
            .get(Mark::Storm)
            .map_or(now(), |begin| begin.earliest);
        if let Some(length) = length {
            let end = begin + length.as_secs_f64();
            while now() < end {
                self.look().await?;
                self.fail_on_failures()?;
                self.show("the storm's end", end);
                let left = (end - now()).clamp(0.0, self.watch.pause);
                self.pause(Duration::from_secs_f64(left)).await?;
            }
        }
        self.mark(Mark::Calm, now());
        self.end_load().await
    }

    /// Stops what is sent, and waits for what is in flight.
    pub(super) async fn end_load(&mut self) -> Result<(), Halt> {
        let Some(mut load) = self.load.take() else {
            return Ok(());
        };
        load.stop();
        tokio::select! {
            ended = load.ended() => {
                self.loads.push(ended?);
                Ok(())
            }
            signal = self.theatre.signals.next() => {
                self.load = Some(load);
                Err(Halt::Interrupted(signal))
            }
        }
    }

    /// One look; what it shows is in the watch afterwards.
    pub(super) async fn look(&mut self) -> Result<(), Halt> {
        let trouble = self.load.as_mut().and_then(Load::trouble);
        tokio::select! {
            () = self.watch.look(self.theatre.servers, (self.drill, self.known), &self.marks) => {
                self.watch.troubles.extend(trouble);
                Ok(())
            }
            signal = self.theatre.signals.next() => Err(Halt::Interrupted(signal)),
        }
    }

    pub(super) fn fail_on_failures(&self) -> Result<Vec<Row>, Halt> {
        let rows = self.rows();
        // A stranger may be the consequence of a broken link: the link itself is to be named, so the drill goes on.
        let is_broken = |row: &Row| row.failure().is_some() && row.step != Step::NoOther;
        if rows.iter().any(is_broken) {
            return Err(Halt::Failed);
        }
        Ok(rows)
    }

    pub(super) fn show(&mut self, waiting_for: &str, until: UnixSeconds) {
        let load = self.load.as_mut().map(|load| {
            let (due, counts) = load.counts();
            (load.recipe.name, due, counts)
        });
        self.progress
            .show(self.theatre.screen, (waiting_for, until - now()), load);
    }

    pub(super) async fn pause(&mut self, time: Duration) -> Result<(), Halt> {
        tokio::select! {
            () = sleep(time) => Ok(()),
            signal = self.theatre.signals.next() => Err(Halt::Interrupted(signal)),
        }
    }
}
