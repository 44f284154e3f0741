//! One line of the verdict: a step, when it was expected, when it was seen, and who says so.

use crate::drill::definition::{Goal, Mark};
use crate::drill::known::Window;

/// The steps of an incident, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// A moment that was marked: the storm began or ended, a service was stopped or started.
    Marked(Mark),
    /// The expression is true.
    True,
    /// The alert is pending.
    Pending,
    /// It fires.
    Firing,
    /// Alertmanager has it, for the right receiver, and doesn't hold it back.
    InAlertmanager,
    /// It has reached people.
    Delivered,
    /// It is held back because of another.
    Inhibited,
    /// It is over without having fired.
    Cleared,
    /// It is over.
    Resolved,
    /// Its end has reached people.
    EndDelivered,
    /// `PagerDuty` has one incident, and it is over.
    OneIncident,
    /// A figure has moved as it must, by the incident or by its end.
    Reading(Phase),
    /// No alert has fired that doesn't belong to the drill.
    NoOther,
}

/// The two halves of a drill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// The incident and its delivery.
    Onset,
    /// Its end.
    End,
}

impl Step {
    /// Which half it belongs to.
    pub fn phase(self) -> Phase {
        match self {
            Self::Reading(phase) => phase,
            step if step <= Self::Inhibited => Phase::Onset,
            _ => Phase::End,
        }
    }

    /// Its name in table and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Marked(Mark::Storm) => "incident begins",
            Self::Marked(Mark::Calm) => "incident ends",
            Self::Marked(Mark::Stopped) => "stopped",
            Self::Marked(Mark::Started) => "started again",
            Self::True => "true",
            Self::Pending => "pending",
            Self::Firing => "firing",
            Self::InAlertmanager => "in Alertmanager",
            Self::Delivered => "delivered",
            Self::Inhibited => "inhibited",
            Self::Cleared => "cleared, never fired",
            Self::Resolved => "resolved",
            Self::EndDelivered => "resolve delivered",
            Self::OneIncident => "incident over",
            Self::Reading(_) => "figure moved",
            Self::NoOther => "no unexpected alert",
        }
    }
}

/// How a step stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Standing {
    /// It was seen, at that moment.
    Seen(f64),
    /// It may still come.
    Waiting,
    /// It came too late, wrongly or not at all; why.
    Failed(String),
    /// A step before it failed.
    NotReached,
    /// It was not asked for.
    Skipped,
}

/// A step and how it stands. Moments are in seconds since 1970, in predictions since the drill's beginning.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The alert, service or figure it is about.
    pub subject: String,
    /// The step.
    pub step: Step,
    /// When it is expected; `None` where that is nobody's promise, or not known yet.
    pub expected: Option<Window>,
    /// How it stands.
    pub standing: Standing,
    /// Who says so.
    pub source: &'static str,
    /// What else is worth knowing.
    pub detail: Option<String>,
}

impl Row {
    /// Whether a goal asks for it.
    pub fn counts_for(&self, goal: Goal) -> bool {
        match goal {
            Goal::Told(alert) => self.subject == alert && self.step <= Step::Delivered,
            Goal::Onset => self.step.phase() == Phase::Onset,
            Goal::Over => true,
        }
    }

    /// Whether it is done with.
    pub fn is_settled(&self) -> bool {
        matches!(self.standing, Standing::Seen(_) | Standing::Skipped)
    }

    /// Why it failed.
    pub fn failure(&self) -> Option<&str> {
        match &self.standing {
            Standing::Failed(reason) => Some(reason),
            _ => None,
        }
    }
}
