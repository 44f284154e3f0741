//! Plays a drill: does what its steps say, watches, and goes on when what they expect has been seen.

use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use loadgen::ledger::Class;

use crate::case::Case;
use crate::error::Error;
use crate::file::{Action, Drill, Load, Wait};
use crate::judge::{Row, Standing, rows};
use crate::loads::{LoadReport, Running, begin};
use crate::moment::{Offset, Window};
use crate::operator::Operator;
use crate::progress::Progress;
use crate::record::{Facts, Record};
use crate::servers::{Servers, firing};

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(500);
/// Longest that somebody may take to stop or start a service, a command to run, a request to be answered.
const PATIENCE: Duration = Duration::from_secs(130);
/// What drills are played with.
#[derive(Debug)]
pub(crate) struct Player<'a> {
    pub(crate) servers: &'a Servers,
    pub(crate) operator: Option<Operator>,
    pub(crate) progress: Progress,
    /// The number of the signal that ends it; zero without.
    pub(crate) signal: Arc<AtomicUsize>,
    /// How much later than expected is acceptable.
    pub(crate) slack: Duration,
    /// How late the generator may be.
    pub(crate) lag: Duration,
    pub(crate) seed: u64,
    pub(crate) is_until_delivered: bool,
}

/// How a drill ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) record: Record,
    pub(crate) rows: Vec<Row>,
    pub(crate) loads: Vec<LoadReport>,
    /// Why it could not be played to its end, unless a row says so.
    pub(crate) halt: Option<Error>,
}

/// A drill being played.
struct Play<'a, 's> {
    drill: &'a Drill,
    facts: &'a Facts,
    player: &'a mut Player<'s>,
    record: Record,
    running: Option<Running>,
    loads: Vec<LoadReport>,
}

/// Plays it to its end.
pub(crate) fn play(drill: &Drill, facts: &Facts, player: &mut Player<'_>) -> Ended {
    let mut record = Record::of(drill);
    player.servers.look(drill, &mut record);
    record.baseline = firing(&record.rules).into_iter().cloned().collect();
    record.fired.clear();
    let all = drill.steps.len();
    let last = if player.is_until_delivered {
        drill.after_delivery()
    } else {
        all
    };
    let mut play = Play {
        drill,
        facts,
        player,
        record,
        running: None,
        loads: Vec::new(),
    };
    let mut halt = None;
    for index in 0..last {
        match play.step(index) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                halt = Some(error);
                break;
            }
        }
    }
    let cleared = play.clear_up();
    Ended {
        rows: play.rows(true),
        record: play.record,
        loads: play.loads,
        halt: halt.or(cleared.err()),
    }
}

impl Play<'_, '_> {
    fn rows(&self, is_over: bool) -> Vec<Row> {
        rows(&Case {
            drill: self.drill,
            facts: self.facts,
            record: &self.record,
            slack: self.player.slack,
            now: Some(self.record.now()),
            is_over,
        })
    }

    /// Does a step; false if what it expects has failed.
    fn step(&mut self, index: usize) -> Result<bool, Error> {
        let step = &self.drill.steps[index];
        let failed = |what: String| Error::Step {
            line: step.referenced.line(),
            what,
        };
        let mut from = self.record.now();
        match &step.value {
            Action::Load(load) => {
                self.end_load()?;
                from = self.record.now();
                let running = begin(self.player.servers, load, self.player.seed);
                self.running = running.map_err(|error| failed(error.to_string()))?;
            }
            Action::Request(request) => {
                let (method, path) = (&request.0.method, request.0.path.as_str());
                let sent = self.player.servers.requests.send(method, path, PATIENCE);
                sent.map_err(|error| failed(error.to_string()))?;
            }
            Action::Wait(wait) => {
                let cause = self.drill.last_cause(index, None);
                let begun = match wait {
                    Wait::Part { .. } => self.record.done(cause).map(|cause| cause.from),
                    _ => None,
                };
                let until = begun.unwrap_or(from) + length(self.facts, wait);
                let is_load = matches!(wait, Wait::Load(_));
                while self.record.now() < until || is_load && self.running.is_some() {
                    self.watch("the end of `wait`")?;
                }
                if is_load {
                    from = self.record.now();
                }
            }
            Action::Stop(service) | Action::Start(service) => {
                let Some(operator) = &mut self.player.operator else {
                    return Err(failed("nobody is there to do it: --operator".into()));
                };
                operator.ask(service, matches!(step.value, Action::Stop(_)));
                let answer =
                    |play: &mut Self| play.player.operator.as_ref()?.answer(Duration::ZERO);
                if !self.until(service, answer)? {
                    return Err(failed(format!("{service} was not stopped or started")));
                }
            }
            Action::Run(command) => {
                let child = Command::new("/bin/sh").args(["-c", command]).spawn();
                let mut child = child.map_err(|error| failed(format!("{command}: {error}")))?;
                let is_done = self.until(command, |_| finished(&mut child));
                // It may have ended by itself.
                let _ended = child.kill();
                if !is_done? {
                    return Err(failed(format!("`{command}` failed or took too long")));
                }
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

    /// Watches until it is answered; false if that failed or took too long.
    fn until(
        &mut self,
        what: &str,
        mut answer: impl FnMut(&mut Self) -> Option<bool>,
    ) -> Result<bool, Error> {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            match answer(self) {
                Some(is_done) => return Ok(is_done),
                None => self.watch(what)?,
            }
        }
        Ok(false)
    }

    /// Watches until everything that a step expects has been seen; false if anything has failed. An unexpected alert
    /// may be the consequence of a broken link: that is to be named, so the drill goes on.
    fn reach(&mut self, index: usize) -> Result<bool, Error> {
        loop {
            self.look()?;
            let rows = self.rows(false);
            let is = |row: &&Row, result| row.index.is_some() && row.result == result;
            if rows.iter().any(|row| is(&row, Standing::Failed)) {
                return Ok(false);
            }
            let mine = rows.iter().filter(|row| row.index == Some(index));
            let Some(next) = mine.into_iter().find(|row| is(row, Standing::Waiting)) else {
                return Ok(true);
            };
            let until = next.expected.map(|expected| expected.to);
            self.show(&format!("{} {}", next.subject, next.step), until);
            self.pause()?;
        }
    }

    fn watch(&mut self, what: &str) -> Result<(), Error> {
        self.look()?;
        self.show(what, None);
        self.pause()
    }

    fn look(&mut self) -> Result<(), Error> {
        self.player.servers.look(self.drill, &mut self.record);
        let Some(Running(load, name)) = &mut self.running else {
            return Ok(());
        };
        let counts = load.counts();
        let (refused, due) = (counts.of(Class::Http4xx), counts.scheduled);
        if refused > 0 {
            let text =
                format!("{refused} requests were refused with a 4xx: does the target allow them?");
            self.record.troubles.push(text);
        } else if due > 20 && counts.answered() == 0 {
            self.record
                .troubles
                .push(format!("not one of {due} requests was answered"));
        }
        if let Some(outcome) = load.outcome() {
            let outcome = outcome.map_err(|error| Error::Usage(error.to_string()))?;
            let faults = outcome.faults(self.player.lag);
            self.loads
                .push(LoadReport::new(name.clone(), &outcome, faults));
            self.running = None;
        }
        Ok(())
    }

    /// What is waited for and until when, the time since the incident, and what was sent.
    fn show(&mut self, what: &str, until: Option<Offset>) {
        let now = self.record.now().0;
        let until = until.map_or(String::new(), |at| format!(" (expected by {:.0} s)", at.0));
        let counts = self.running.as_mut().map(|running| running.0.counts());
        let load = counts.map_or(String::new(), |own| {
            format!("; load: {} due, {}", own.scheduled, own.listed())
        });
        let line = format!("{now:5.0} s  waiting for {what}{until}{load}");
        self.player.progress.say(what, &line);
    }

    fn pause(&self) -> Result<(), Error> {
        sleep(PAUSE);
        match self.player.signal.load(Ordering::Relaxed) {
            0 => Ok(()),
            signal => Err(Error::Interrupted(signal)),
        }
    }

    /// Stops what is sent, and waits for what is in flight.
    fn end_load(&mut self) -> Result<(), Error> {
        if let Some(running) = &mut self.running {
            running.0.stop();
        }
        while self.running.is_some() {
            self.look()?;
            sleep(PAUSE / 5);
        }
        Ok(())
    }

    /// Ends the load and starts what was stopped, whatever happened.
    fn clear_up(&mut self) -> Result<(), Error> {
        let ended = self.end_load();
        if let Some(operator) = &mut self.player.operator {
            operator.start_all(PATIENCE);
        }
        ended
    }
}

/// How long a step waits by itself.
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

/// Whether it has succeeded, once it has ended.
fn finished(child: &mut Child) -> Option<bool> {
    let ended = child.try_wait().transpose();
    ended.map(|ended| ended.is_ok_and(|status| status.success()))
}

/// What is foreseen without doing anything: each step is done when everything before it is seen.
pub(crate) fn foresee(drill: &Drill, facts: &Facts) -> Vec<Row> {
    let mut record = Record::of(drill);
    let (mut now, mut load_ends) = (Window::default(), Window::default());
    for (index, step) in drill.steps.iter().enumerate() {
        match &step.value {
            Action::Wait(Wait::Load(_)) => now = load_ends,
            Action::Wait(wait) => now = now.plus(length(facts, wait), length(facts, wait)),
            Action::Load(Load {
                length: Some(length),
                ..
            }) => {
                load_ends = now.plus(length.0, length.0);
            }
            _ => {}
        }
        record.steps[index] = Some(now);
        for row in foreseen(drill, facts, &record) {
            if let (true, Some(own)) = (row.index == Some(index), row.expected) {
                now.from = now.from.latest(own.from);
                now.to = now.to.latest(own.to);
            }
        }
    }
    foreseen(drill, facts, &record)
}

fn foreseen(drill: &Drill, facts: &Facts, record: &Record) -> Vec<Row> {
    rows(&Case {
        drill,
        facts,
        record,
        slack: Duration::ZERO,
        now: None,
        is_over: false,
    })
}
