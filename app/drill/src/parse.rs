//! Reads the file of a drill, and refuses what makes no sense with its line and column.

use std::collections::BTreeSet;
use std::path::Path;

use serde_saphyr::{Location, options};

use crate::error::Error;
use crate::file::{Action, Amount, Drill, Expectation, Incidents, Load, State, Wait};

impl Drill {
    /// Reads a file.
    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(Error::unreadable(path))?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        Self::parse(&name, &text).map_err(|(location, what)| Error::File {
            path: path.into(),
            line: location.line(),
            column: location.column(),
            what,
        })
    }

    pub(crate) fn parse(name: &str, text: &str) -> Result<Self, (Location, String)> {
        let options = options! { with_snippet: false };
        let mut drill: Self =
            serde_saphyr::from_str_with_options(text, options).map_err(|error| {
                let text = error.to_string();
                // The message says again where it is.
                let what = text
                    .rsplit_once(" at line ")
                    .map_or(&*text, |(what, _)| what);
                (error.location().unwrap_or(Location::UNKNOWN), what.into())
            })?;
        drill.name = name.into();
        let needs = drill
            .needs
            .iter()
            .map(|need| (need.referenced, need.value.fault()));
        let steps = (0..).zip(&drill.steps);
        let steps = steps.map(|(index, step)| (step.referenced, drill.fault(index)));
        let found = needs
            .chain(steps)
            .find_map(|(at, fault)| Some((at, fault?.into())));
        if let Some(fault) = found {
            return Err(fault);
        }
        if drill.expectations().next().is_none() {
            let nothing = "a drill without `expect` proves nothing";
            return Err((Location::UNKNOWN, nothing.into()));
        }
        Ok(drill)
    }

    /// What is wrong with a step.
    fn fault(&self, index: usize) -> Option<&'static str> {
        let before = self.steps[..index].iter().rev().map(|step| &step.value);
        match &self.steps[index].value {
            Action::Load(load) => load.fault(),
            Action::Wait(Wait::Load(_)) => {
                let mut loads = before.filter(|action| matches!(action, Action::Load(_)));
                let ends = loads.next().is_some_and(|action| match action {
                    Action::Load(load) => load.length.is_some(),
                    _ => false,
                });
                (!ends).then_some("the load before has no end of its own: `for`")
            }
            Action::Wait(Wait::Part { of, .. }) => {
                let is_expected = self.alerts().iter().any(|alert| alert.name == *of);
                (!is_expected)
                    .then_some("a part of the `for` of an alert of which nothing is expected")
            }
            Action::Stop(name) | Action::Start(name) => {
                let is_good = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
                let is_name = !name.starts_with('-') && name.chars().all(is_good);
                (!is_name).then_some("this is not the name of a service")
            }
            action => action.expectations().iter().find_map(|own| {
                let is_lost =
                    own.since.is_some() && self.cause(index, own.since.as_deref()).is_none();
                let lost = is_lost.then_some("`since` names no kind of step before this one");
                own.fault().or(lost)
            }),
        }
    }

    /// Refuses a name that is no alert of the rules.
    pub(crate) fn check_names(&self, path: &Path, known: &BTreeSet<String>) -> Result<(), Error> {
        let expected = self
            .expectations()
            .flat_map(|(_, own)| [&own.alert, &own.by]);
        let waited = self.steps.iter().filter_map(|step| match &step.value {
            Action::Wait(Wait::Part { of, .. }) => Some(of),
            _ => None,
        });
        let mut named = expected.flatten().chain(waited).chain(&self.allow);
        let Some(unknown) = named.find(|name| !known.contains(*name)) else {
            return Ok(());
        };
        let text = std::fs::read_to_string(path).map_err(Error::unreadable(path))?;
        let found = text.find(unknown.as_str()).unwrap_or_default();
        let lines: Vec<_> = text[..found].split('\n').collect();
        Err(Error::File {
            path: path.into(),
            line: lines.len() as u64,
            column: lines.last().map_or(0, |line| line.chars().count() as u64) + 1,
            what: format!("no rule has an alert {unknown}"),
        })
    }
}

impl Load {
    fn fault(&self) -> Option<&'static str> {
        let share = self.second.as_ref().map_or(0.0, |second| second.share);
        let is_end = matches!(self.rate, Amount::Number(0.0));
        if !is_end && self.request.is_none() {
            return Some("a load has a `request`, such as POST /orders");
        } else if !(0.0..=1.0).contains(&share) {
            return Some("a share is from 0 to 1");
        } else if self.shape.is_some() && self.length.is_none() {
            return Some("a load with a shape has an end: `for`");
        }
        None
    }
}

impl Expectation {
    fn fault(&self) -> Option<&'static str> {
        let of_alert = [
            self.state.is_some(),
            self.delivered.is_some(),
            self.resolve_delivered.is_some(),
            self.suppressed.is_some(),
        ];
        let others = [
            self.heartbeat.is_some(),
            self.incidents.is_some(),
            self.query.is_some(),
        ];
        let count = |claims: &[bool]| claims.iter().filter(|is_made| **is_made).count();
        let counted = |own: &Incidents| own.opened.is_some() != own.closed.is_some();
        if count(&of_alert) + count(&others) != 1 {
            return Some(
                "expected is one of state, delivered, resolve_delivered, suppressed, heartbeat, \
                 incidents, query",
            );
        } else if self.alert.is_some() != (count(&of_alert) == 1) {
            return Some("`alert` belongs to state, delivered, resolve_delivered and suppressed");
        } else if self.suppressed.is_some() != self.by.is_some() {
            return Some("suppressed `by` which alert?");
        } else if (self.state == Some(State::Silent)) != self.r#for.is_some() {
            return Some("`state: silent` has a `for`, others don't: it is read from the rule");
        } else if self.query.is_some() == self.bounds().is_empty() {
            return Some("a query has one of at_least, at_most, rises_by, falls_by");
        } else if !self.incidents.as_ref().is_none_or(counted) {
            return Some("incidents are either `opened` or `closed`");
        }
        None
    }
}
