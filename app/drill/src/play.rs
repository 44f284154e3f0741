//! Plays a drill: does what its steps say, watches, and goes on when what they expect has been seen.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use loadgen::ledger::Class;

use crate::cli::Args;
use crate::console::{Operator, Progress};
use crate::error::{Error, Result};
use crate::file::{Action, Drill, Wait};
use crate::judge::{Row, Standing, rows};
use crate::loads::{LoadReport, Running, begin};
use crate::moment::{Offset, Window};
use crate::record::{Case, Facts, Record};
use crate::servers::{Servers, firing};

const PAUSE: Duration = Duration::from_millis(500);
/// Longest that somebody may take to stop or start a service, a command to run, a request to be answered.
const PATIENCE: Duration = Duration::from_secs(130);

pub(crate) struct Player<'a> {
    pub(crate) args: &'a Args,
    pub(crate) servers: &'a Servers,
    pub(crate) operator: Option<Operator>,
    pub(crate) progress: Progress,
    pub(crate) signal: Arc<AtomicUsize>,
}

impl<'s> Player<'s> {
    /// The number of the signal that ends it; zero without.
    pub(crate) fn signal(&self) -> usize {
        self.signal.load(Ordering::Relaxed)
    }

    pub(crate) fn play<'a>(&'a mut self, drill: &'a Drill, facts: &'a Facts) -> Play<'a, 's> {
        let mut record = Record::of(drill);
        self.servers.look(drill, &mut record);
        record.baseline = firing(&record.rules).into_iter().cloned().collect();
        record.fired.clear();
        let until = self.args.until.as_ref();
        let count = until.map_or(drill.steps.len(), |_| drill.after_delivery());
        let mut play = Play {
            drill,
            facts,
            player: self,
            record,
            running: None,
            loads: Vec::new(),
            halt: None,
        };
        let mut steps = (0..count).map(|index| play.step(index));
        let last = steps.find(|done| !matches!(done, Ok(true)));
        let ended = play.end_load();
        play.halt = last.and_then(Result::err).or(ended.err());
        if let Some(operator) = &mut play.player.operator {
            operator.start_all(PATIENCE);
        }
        play
    }
}

pub(crate) struct Play<'a, 's> {
    drill: &'a Drill,
    facts: &'a Facts,
    player: &'a mut Player<'s>,
    pub(crate) record: Record,
    running: Option<Running>,
    pub(crate) loads: Vec<LoadReport>,
    /// Why it could not be played to its end, unless a row says so.
    pub(crate) halt: Option<Error>,
}

impl Play<'_, '_> {
    pub(crate) fn rows(&self, is_over: bool) -> Vec<Row> {
        rows(&Case {
            drill: self.drill,
            facts: self.facts,
            record: &self.record,
            slack: self.player.args.slack.0,
            now: Some(self.record.now()),
            is_over,
        })
    }

    /// Does a step; false if what it expects has failed.
    fn step(&mut self, index: usize) -> Result<bool> {
        let step = &self.drill.steps[index];
        let line = step.referenced.line();
        let failed = |what: String| Error::Step { line, what };
        let mut from = self.record.now();
        match &step.value {
            Action::Load(load) => {
                self.end_load()?;
                from = self.record.now();
                let running = begin(self.player.servers, load, self.player.args.seed);
                self.running = running.map_err(|error| failed(error.to_string()))?;
            }
            Action::Request(request) => {
                let (method, path) = (&request.0.method, request.0.path.as_str());
                let sent = self.player.servers.requests.send(method, path, PATIENCE);
                sent.map_err(|error| failed(error.to_string()))?;
            }
            Action::Wait(wait) => from = self.wait(index, wait)?,
            Action::Stop(service) | Action::Start(service) => {
                let nobody = || failed("nobody is there to do it: --operator".into());
                let operator = self.player.operator.as_mut().ok_or_else(nobody)?;
                operator.ask(service, matches!(step.value, Action::Stop(_)));
                let not_done = failed(format!("{service} was not stopped or started"));
                let answer =
                    |play: &mut Self| play.player.operator.as_ref()?.answer(Duration::ZERO);
                self.until(service, not_done, answer)?;
            }
            Action::Run(command) => {
                let child = Command::new("/bin/sh").args(["-c", command]).spawn();
                let mut child = child.map_err(|error| failed(format!("{command}: {error}")))?;
                let not_done = failed(format!("`{command}` failed or took too long"));
                let answer = |_: &mut Self| {
                    let ended = child.try_wait().transpose()?;
                    Some(ended.is_ok_and(|status| status.success()))
                };
                let done = self.until(command, not_done, answer);
                // It may have ended by itself.
                let _ended = child.kill();
                done?;
            }
            Action::Expect(_) | Action::All(_) => {
                self.record.steps[index] = Some(Window::at(from));
                return self.reach(index);
            }
        }
        let to = self.record.now();
        self.record.steps[index] = Some(Window { from, to });
        Ok(true)
    }

    /// Waits; the moment from which on something may come of it.
    fn wait(&mut self, index: usize, wait: &Wait) -> Result<Offset> {
        let now = self.record.now();
        let cause = self.record.done(self.drill.cause(index, None));
        let is_part = matches!(wait, Wait::Part { .. });
        let begun = cause.filter(|_| is_part).map_or(now, |cause| cause.from);
        let until = begun + length(self.facts, wait);
        let is_load = matches!(wait, Wait::Load(_));
        while self.record.now() < until || is_load && self.running.is_some() {
            self.watch("the end of `wait`")?;
        }
        Ok(if is_load { self.record.now() } else { now })
    }

    fn until(
        &mut self,
        what: &str,
        not_done: Error,
        mut answer: impl FnMut(&mut Self) -> Option<bool>,
    ) -> Result<()> {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            match answer(self) {
                Some(true) => return Ok(()),
                Some(false) => break,
                None => self.watch(what)?,
            }
        }
        Err(not_done)
    }

    /// Watches until everything that a step expects has been seen; false if anything has failed. An unexpected alert
    /// may be the consequence of a broken link: that is to be named, so the drill goes on.
    fn reach(&mut self, index: usize) -> Result<bool> {
        loop {
            self.look()?;
            let rows = self.rows(false);
            let is = |row: &&Row, result| row.index.is_some() && row.result == result;
            if rows.iter().any(|row| is(&row, Standing::Failed)) {
                return Ok(false);
            }
            let mut mine = rows.iter().filter(|row| row.index == Some(index));
            let Some(next) = mine.find(|row| is(row, Standing::Waiting)) else {
                return Ok(true);
            };
            let until = next.expected.map(|expected| expected.to);
            self.show(&format!("{} {}", next.subject, next.step), until);
            self.pause()?;
        }
    }

    fn watch(&mut self, what: &str) -> Result<()> {
        self.look()?;
        self.show(what, None);
        self.pause()
    }

    fn look(&mut self) -> Result<()> {
        self.player.servers.look(self.drill, &mut self.record);
        let Some((load, name, rate)) = &mut self.running else {
            return Ok(());
        };
        let counts = load.counts();
        let (refused, due) = (counts.of(Class::Http4xx), counts.scheduled);
        let troubles = &mut self.record.troubles;
        if refused > 0 {
            let advice = "refused with a 4xx: does the target allow them?";
            troubles.push(format!("{refused} requests were {advice}"));
        } else if due > 20 && counts.answered() == 0 {
            troubles.push(format!("not one of {due} requests was answered"));
        }
        if let Some(outcome) = load.outcome() {
            let most_lag = self.player.args.max_lag.0;
            let report = LoadReport::of(name, *rate, &outcome?, most_lag);
            self.loads.push(report);
            self.running = None;
        }
        Ok(())
    }

    fn show(&mut self, what: &str, until: Option<Offset>) {
        let now = self.record.now().0;
        let until = until.map_or(String::new(), |at| format!(" (expected by {:.0} s)", at.0));
        let counts = self.running.as_mut().map(|(load, ..)| load.counts());
        let load = counts.map_or(String::new(), |own| {
            format!("; load: {} due, {}", own.scheduled, own.listed())
        });
        let line = format!("{now:5.0} s  waiting for {what}{until}{load}");
        self.player.progress.say(what, &line);
    }

    fn pause(&self) -> Result<()> {
        sleep(PAUSE);
        match self.player.signal() {
            0 => Ok(()),
            signal => Err(Error::Interrupted(signal)),
        }
    }

    fn end_load(&mut self) -> Result<()> {
        if let Some((load, ..)) = &mut self.running {
            load.stop();
        }
        while self.running.is_some() {
            self.look()?;
            sleep(PAUSE / 5);
        }
        Ok(())
    }
}

fn length(facts: &Facts, wait: &Wait) -> Duration {
    match wait {
        Wait::Time(time) => time.0,
        Wait::Part { part, of } => {
            let mut rules = facts.rules.iter();
            let rule = rules.find(|(alert, _)| alert.name == *of);
            let hold = rule.map(|(_, rule)| rule.hold);
            hold.unwrap_or_default().mul_f64(*part)
        }
        Wait::Load(_) => Duration::ZERO,
    }
}

/// What is foreseen without doing anything: each step is done when everything before it is seen.
pub(crate) fn foresee(drill: &Drill, facts: &Facts) -> Vec<Row> {
    let foreseen = |record: &Record| {
        rows(&Case {
            drill,
            facts,
            record,
            slack: Duration::ZERO,
            now: None,
            is_over: false,
        })
    };
    let mut record = Record::of(drill);
    let (mut now, mut load_ends) = (Window::default(), Window::default());
    for (index, step) in drill.steps.iter().enumerate() {
        match &step.value {
            Action::Wait(Wait::Load(_)) => now = load_ends,
            Action::Wait(wait) => now = now.plus(length(facts, wait), length(facts, wait)),
            Action::Load(load) => {
                let length = load.length.unwrap_or_default().0;
                load_ends = now.plus(length, length);
            }
            _ => {}
        }
        record.steps[index] = Some(now);
        let rows = foreseen(&record).into_iter();
        let mine = rows.filter(|row| row.index == Some(index));
        for expected in mine.filter_map(|row| row.expected) {
            now.from = now.from.latest(expected.from);
            now.to = now.to.latest(expected.to);
        }
    }
    foreseen(&record)
}
