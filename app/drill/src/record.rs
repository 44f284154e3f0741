//! What was read from the servers before the drill, and what was observed since. Nothing here decides.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::alertmanager::{Counters, HeldAlert, Routing};
use crate::deliveries::Delivery;
use crate::file::Drill;
use crate::labels::{Labels, Selector};
use crate::moment::{Moment, Offset, Window};
use crate::prometheus::{AlertSamples, Rule};

pub(crate) struct Facts {
    /// The rule of each alert that something is expected of.
    pub(crate) rules: BTreeMap<Selector, Rule>,
    pub(crate) routing: Routing,
    pub(crate) resend_delay: Duration,
    /// How long without a beat raises the alarm, if there is a dead man's switch that can be asked.
    pub(crate) alarm_after: Option<Duration>,
    pub(crate) proof: Proof,
}

/// What says that a message has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    /// Pager's record, and Alertmanager's counters beside it.
    Pager,
    Sink,
    Counters,
}

/// What was noted, whenever it changed.
pub(crate) type History<T> = Vec<(Offset, T)>;

/// Everything that was observed, in times since the incident.
#[derive(Default)]
pub(crate) struct Record {
    pub(crate) began: Moment,
    /// When each step was done, or begun if it expects something.
    pub(crate) steps: Vec<Option<Window>>,
    /// The last answers of Prometheus: samples since the beginning, and the rules with their active alerts.
    pub(crate) samples: Vec<AlertSamples>,
    pub(crate) rules: Vec<Rule>,
    /// Since when expressions have been true whose alerts are not active.
    pub(crate) truths: BTreeMap<Selector, Offset>,
    pub(crate) held: History<Vec<HeldAlert>>,
    /// Requests of Alertmanager; the first before the drill.
    pub(crate) counters: History<Counters>,
    pub(crate) deliveries: Vec<Delivery>,
    /// Values of each query among the expectations; the first before the drill.
    pub(crate) values: Vec<History<Option<f64>>>,
    /// Alerts that fired before the drill, and that began to since.
    pub(crate) baseline: Vec<Labels>,
    pub(crate) fired: Vec<Labels>,
    /// What is odd: servers that don't answer, requests that are refused.
    pub(crate) troubles: Vec<String>,
}

impl Record {
    pub(crate) fn of(drill: &Drill) -> Self {
        Self {
            began: Moment::now(),
            steps: vec![None; drill.steps.len()],
            values: vec![Vec::new(); drill.queries().count()],
            ..Self::default()
        }
    }

    pub(crate) fn now(&self) -> Offset {
        Moment::now().since(self.began)
    }

    /// When a step was done; without one, when the drill began.
    pub(crate) fn done(&self, step: Option<usize>) -> Option<Window> {
        step.map_or(Some(Window::default()), |index| self.steps[index])
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Case<'a> {
    pub(crate) drill: &'a Drill,
    pub(crate) facts: &'a Facts,
    pub(crate) record: &'a Record,
    pub(crate) slack: Duration,
    /// The moment of judgement; `None` in a prediction.
    pub(crate) now: Option<Offset>,
    pub(crate) is_over: bool,
}

impl Case<'_> {
    pub(crate) fn with_troubles(&self, reason: &str) -> String {
        match self.record.troubles.join("; ") {
            none if none.is_empty() => reason.into(),
            troubles => format!("{reason} ({troubles})"),
        }
    }
}

/// Adds a value if it is another than the last.
pub(crate) fn note<T: PartialEq>(history: &mut History<T>, at: Offset, value: T) {
    if history.last().is_none_or(|(_, last)| *last != value) {
        history.push((at, value));
    }
}
