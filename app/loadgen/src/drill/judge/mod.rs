//! Holds what was observed against what was expected. Pure: the same scene always gives the same rows.
//!
//! [`row`] is one line of the verdict, [`chain`] makes each step follow from the one before, [`alert`] has the steps of an
//! alert that arrives, [`special`] those of alerts that should not; [`reasons`] says in words which link is broken.

pub mod alert;
pub mod chain;
pub mod reasons;
pub mod row;
pub mod special;

pub use row::{Phase, Row, Standing, Step};

use super::definition::{Change, Drill, End, Mark, Reading};
use super::evidence::Evidence;
use super::incident::{Incident, PAGERDUTY};
use super::known::{Background, Known, Marks, Window};
use alert::TRANSPORT;
use chain::{Chain, Link};
use reasons::Case;

/// Who says that a moment was marked.
const LOADGEN: &str = "loadgen";
/// Who says what a figure is.
const QUERY: &str = "Prometheus, instant query";
/// Who says what was sent.
const RECORD: &str = "pager's record";
/// Who says which alerts fired.
const SAMPLES: &str = "Prometheus, samples of ALERTS";

/// A figure as it was watched.
#[derive(Clone, Debug, Default)]
pub struct Watched {
    /// Before the incident.
    pub before: Option<f64>,
    /// At the last look.
    pub last: Option<f64>,
    /// When it had first moved as it must.
    pub moved_at: Option<f64>,
}

impl Watched {
    /// Takes a look.
    pub fn look(&mut self, change: Change, value: Option<f64>, at: f64) {
        let Some(value) = value else { return };
        self.last = Some(value);
        let has_moved = match change {
            Change::Rises(least) => value >= self.before.unwrap_or_default() + least,
            Change::Reaches(least) => value >= least,
            Change::Returns(most) => value <= most,
        };
        if has_moved && self.moved_at.is_none() {
            self.moved_at = Some(at);
        }
    }
}

/// Everything a judgement rests on.
#[derive(Debug)]
pub struct Scene<'a> {
    /// What is drilled.
    pub drill: &'static Drill,
    /// What was known before.
    pub known: &'a Known,
    /// The moments that came.
    pub marks: &'a Marks,
    /// What was observed for each proof.
    pub evidence: &'a [Evidence],
    /// What was read for each reading.
    pub readings: &'a [Watched],
    /// Alerts that fired and don't belong here.
    pub strangers: &'a [String],
    /// What `PagerDuty` got of it.
    pub incident: Incident,
    /// The moment of judgement; `None` in a prediction.
    pub now: Option<f64>,
    /// How much later than expected is acceptable, in seconds.
    pub slack: f64,
    /// Whether the end is not asked for.
    pub stops_at_delivery: bool,
    /// Servers that don't answer, and what is odd about the load.
    pub troubles: &'a [String],
}

impl<'a> Scene<'a> {
    /// A scene in which nothing has happened yet.
    pub fn foreseen(drill: &'static Drill, known: &'a Known, marks: &'a Marks) -> Self {
        Self {
            drill,
            known,
            marks,
            evidence: &[],
            readings: &[],
            strangers: &[],
            incident: Incident::default(),
            now: None,
            slack: 0.0,
            stops_at_delivery: false,
            troubles: &[],
        }
    }
}

/// Every step of the drill with how it stands.
pub fn rows(scene: &Scene<'_>) -> Vec<Row> {
    let mut rows: Vec<_> = [Mark::Storm, Mark::Calm, Mark::Stopped, Mark::Started]
        .into_iter()
        .filter_map(|mark| marked(scene, mark))
        .collect();
    let none = Evidence::default();
    for (index, background) in scene.known.backgrounds.iter().enumerate() {
        let case = Case {
            scene,
            background,
            evidence: scene.evidence.get(index).unwrap_or(&none),
        };
        let more = alert::rows(&case, &rows);
        rows.extend(more);
    }
    let unread = Watched::default();
    for (index, reading) in scene.drill.readings.iter().enumerate() {
        rows.extend(read(
            scene,
            reading,
            scene.readings.get(index).unwrap_or(&unread),
        ));
    }
    rows.extend(one_incident(scene));
    rows.push(strangers(scene, &rows));
    if scene.stops_at_delivery {
        let ends = rows
            .iter_mut()
            .filter(|row| row.step.phase() == Phase::End && row.standing == Standing::Waiting);
        ends.for_each(|row| row.standing = Standing::Skipped);
    }
    rows
}

/// Why the drill failed, one line for each reason.
pub fn failures(rows: &[Row]) -> Vec<String> {
    rows.iter()
        .filter_map(Row::failure)
        .map(Into::into)
        .collect()
}

fn marked(scene: &Scene<'_>, mark: Mark) -> Option<Row> {
    let when = scene.marks.get(mark)?;
    let subject = match mark {
        Mark::Storm | Mark::Calm => scene.drill.name.word(),
        Mark::Stopped | Mark::Started => scene.drill.hands_on()?.name(),
    };
    Some(Row {
        subject: subject.into(),
        step: Step::Marked(mark),
        expected: scene.now.is_none().then_some(when),
        standing: if scene.now.is_some() {
            Standing::Seen(when.earliest)
        } else {
            Standing::Waiting
        },
        source: LOADGEN,
        detail: None,
    })
}

fn read(scene: &Scene<'_>, reading: &Reading, watched: &Watched) -> Vec<Row> {
    let cause = scene.marks.get(reading.cause);
    let mut chain = Chain::new(reading.what, cause, (scene.now, scene.slack));
    let figure = |value: Option<f64>| value.map_or("unknown".into(), |value| format!("{value:.3}"));
    let text = match reading.change {
        Change::Rises(least) => format!(
            "{} -> {}, wanted at least {least} more",
            figure(watched.before),
            figure(watched.last)
        ),
        Change::Reaches(least) => format!("{}, wanted at least {least}", figure(watched.last)),
        Change::Returns(most) => format!("{}, wanted at most {most}", figure(watched.last)),
    };
    // What the incident moves must be seen before it ends: what follows may move it back.
    let phase = match reading.cause {
        Mark::Storm | Mark::Stopped => Phase::Onset,
        Mark::Calm | Mark::Started => Phase::End,
    };
    chain.then(Link {
        step: Step::Reading(phase),
        after: Window::new(0.0, reading.within),
        seen: watched.moved_at,
        source: QUERY,
        why: || format!("{}: {text}", reading.what),
    });
    chain.remark(text.clone());
    chain.into_rows()
}

/// The last alert of a page is over when the slowest rule has forgotten the storm, or healthy orders have diluted it.
fn one_incident(scene: &Scene<'_>) -> Option<Row> {
    let Incident {
        key,
        ended_at,
        fault,
    } = &scene.incident;
    let paging = |background: &&Background| background.proof.end == End::Delivered(PAGERDUTY);
    let last = scene.known.backgrounds.iter().rfind(paging)?;
    let relief = scene.marks.get(last.proof.relief);
    let notice = last.way.group_interval + TRANSPORT;
    let found = scene.known.scrape + last.interval;
    let mut chain = Chain::new("PagerDuty", relief, (scene.now, scene.slack));
    chain.then(Link {
        step: Step::OneIncident,
        after: Window::new(0.0, scene.known.tail + found + notice),
        seen: ended_at.filter(|_| relief.is_some()),
        source: RECORD,
        why: || {
            "PagerDuty's incident is still open: which alert goes on? (Alertmanager, /#/alerts)"
                .into()
        },
    });
    if let Some(key) = key {
        chain.remark(key.clone());
    }
    if let Some(fault) = fault {
        chain.fail(format!("PagerDuty has more than one incident: {fault}"));
    }
    chain.into_rows().pop()
}

/// Settled only when everything else is: until then one may still come.
fn strangers(scene: &Scene<'_>, others: &[Row]) -> Row {
    let is_over = others
        .iter()
        .all(|row| row.is_settled() || scene.stops_at_delivery && row.step.phase() == Phase::End);
    let standing = match (scene.strangers, scene.now) {
        ([], Some(now)) if is_over => Standing::Seen(now),
        ([], _) => Standing::Waiting,
        (strangers, _) => Standing::Failed(format!(
            "{} fired and {} no part of this drill",
            strangers.join(", "),
            if strangers.len() == 1 { "is" } else { "are" }
        )),
    };
    Row {
        subject: scene.drill.name.word().into(),
        step: Step::NoOther,
        expected: None,
        standing,
        source: SAMPLES,
        detail: None,
    }
}
