//! Performs a drill: one act after another, looking at the servers all the while.
//!
//! `acts` are what is done, [`load`] is what is sent, [`watch`] how the servers are looked at, [`hands`] how services are
//! stopped and started. What must come of it is judged in [`judge`] alone.

mod acts;
pub mod hands;
pub mod load;
pub mod watch;

use std::time::{SystemTime, UNIX_EPOCH};

use super::definition::{Act, Drill, Goal, Hand, Mark, Service};
use super::judge::{self, Phase, Row, Scene};
use super::known::{Known, Marks};
use super::progress::Progress;
use super::servers::Servers;
use super::sources::UnixSeconds;
use crate::engine::EngineError;
use crate::live::Screen;
use crate::signals::Signals;
use crate::stack::Stack;
use crate::verdict::{Exit, Interrupt};
use load::{Ended, Load, Recipe};
use watch::Watch;

/// What drills have in common.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// Seed of everything random.
    pub seed: u64,
    /// How much later than expected is acceptable, in seconds.
    pub slack: f64,
    /// Whether the end is not asked for.
    pub stops_at_delivery: bool,
}

/// Why a performance ended early.
#[derive(Debug)]
pub enum Halt {
    /// A step failed; the rows say which.
    Failed,
    /// A signal.
    Interrupted(Interrupt),
    /// Something that the drill itself needs did not work.
    Broken(String),
    /// Nobody stopped or started a service.
    NobodyThere(String),
}

impl From<EngineError> for Halt {
    fn from(error: EngineError) -> Self {
        Self::Broken(error.to_string())
    }
}

/// The servers that a drill asks, and how it talks to people.
pub struct Theatre<'a> {
    /// The servers it asks.
    pub servers: &'a Servers,
    /// Where they are.
    pub stack: &'a Stack,
    /// Where it shows how far it is.
    pub screen: &'a mut Screen,
    /// What interrupts it.
    pub signals: &'a mut Signals,
}

/// A drill under way.
pub struct Performance<'a> {
    drill: &'static Drill,
    known: &'a Known,
    terms: Terms,
    theatre: Theatre<'a>,
    /// The moments that came.
    pub marks: Marks,
    /// What was observed.
    pub watch: Watch,
    /// Loads that have ended.
    pub loads: Vec<Ended>,
    load: Option<Load>,
    progress: Progress,
    /// The service that is stopped at the moment.
    stopped: Option<Service>,
    /// When the last act had ended.
    over_at: Option<UnixSeconds>,
}

/// Seconds since 1970.
pub fn now() -> UnixSeconds {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs_f64()
}

impl<'a> Performance<'a> {
    /// One that has not begun.
    pub fn new(
        drill: &'static Drill,
        known: &'a Known,
        (terms, watch): (Terms, Watch),
        theatre: Theatre<'a>,
    ) -> Self {
        Self {
            drill,
            known,
            terms,
            theatre,
            marks: Marks::default(),
            progress: Progress::new(drill, now()),
            watch,
            loads: Vec::new(),
            load: None,
            stopped: None,
            over_at: None,
        }
    }

    /// Does everything, and puts things back in order whatever happened.
    pub async fn perform(&mut self) -> Option<Halt> {
        let halt = self.acts().await.err();
        self.over_at = Some(now());
        if let Some(Halt::Interrupted(signal)) = &halt {
            self.theatre.screen.note(&format!(
                "{}: sending stopped, waiting for what is in flight",
                signal.name()
            ));
        }
        let tidied = self.tidy(halt.as_ref()).await.err();
        halt.or(tidied)
    }

    /// How every step stood when it ended: a drill that is over is judged by what it saw until then.
    pub fn verdict(&self) -> Vec<Row> {
        self.rows_at(self.over_at.unwrap_or_else(now))
    }

    fn rows(&self) -> Vec<Row> {
        self.rows_at(now())
    }

    fn rows_at(&self, moment: UnixSeconds) -> Vec<Row> {
        judge::rows(&Scene {
            drill: self.drill,
            known: self.known,
            marks: &self.marks,
            evidence: &self.watch.evidence,
            readings: &self.watch.readings,
            strangers: &self.watch.strangers,
            incident: self.watch.incident.clone(),
            now: Some(moment),
            slack: self.terms.slack,
            stops_at_delivery: self.terms.stops_at_delivery,
            troubles: &self.watch.troubles,
        })
    }

    async fn acts(&mut self) -> Result<(), Halt> {
        let mut is_delivered = false;
        for act in self.drill.script {
            // After the delivery only what was begun is ended.
            let is_needed = match act {
                Act::Calm | Act::Ask(Hand::Start, _) => true,
                _ => !(is_delivered && self.terms.stops_at_delivery),
            };
            if !is_needed {
                continue;
            }
            match act {
                Act::Storm(storm) => {
                    self.begin(Recipe::storm(storm, self.known.rate)).await?;
                    self.mark(Mark::Storm, now());
                }
                Act::Simulate(simulation) => self.simulate(simulation).await?,
                Act::WaitHalfOfHold => self.wait_half_of_hold().await?,
                Act::Await(goal) => {
                    self.reach(*goal).await?;
                    is_delivered |= *goal == Goal::Onset;
                }
                Act::Calm => self.calm().await?,
                Act::Ask(hand, service) => self.ask(*hand, *service).await?,
                Act::Recover => self.begin(Recipe::recovery()).await?,
            }
        }
        self.end_load().await
    }

    /// Ends the load, and has a service that was stopped started again.
    async fn tidy(&mut self, halt: Option<&Halt>) -> Result<(), Halt> {
        if let Err(Halt::Interrupted(signal)) = self.end_load().await {
            self.theatre
                .screen
                .note("stopped at once, without a verdict");
            let first = match halt {
                Some(Halt::Interrupted(first)) => *first,
                _ => signal,
            };
            self.say_start();
            std::process::exit(Exit::Interrupted(first).code().into());
        }
        let Some(service) = self.stopped else {
            return Ok(());
        };
        match halt {
            Some(Halt::Interrupted(_)) => {
                self.say_start();
                Ok(())
            }
            _ => self.ask(Hand::Start, service).await,
        }
    }
}

/// How far a performance that was interrupted had come.
pub fn stood_at(rows: &[Row]) -> String {
    let waiting = rows
        .iter()
        .find(|row| row.standing == judge::Standing::Waiting && row.step != judge::Step::NoOther);
    match waiting {
        Some(row) if row.step.phase() == Phase::Onset => {
            format!("it waited for {} {}", row.subject, row.step.name())
        }
        Some(row) => format!(
            "everything was delivered; it waited for {} {}",
            row.subject,
            row.step.name()
        ),
        None => "every step had been seen".into(),
    }
}
