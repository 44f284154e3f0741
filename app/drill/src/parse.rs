//! Reads the file of a drill, and refuses what makes no sense with its line and column.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_saphyr::{Location, options};

use crate::error::{Error, Result};
use crate::file::{Action, Amount, Drill, Expectation, Incidents, Load, Need, State, Wait};

/// Line and column where a file is wrong, and what is.
type Fault = ((u64, u64), String);

fn read<T>(path: &Path, parse: impl Fn(&str) -> Result<T, Fault>) -> Result<T> {
    let text = std::fs::read_to_string(path).map_err(Error::unreadable(path))?;
    let path = path.display();
    parse(&text)
        .map_err(|((line, column), what)| Error::Usage(format!("{path}:{line}:{column}: {what}")))
}

fn place(at: Location) -> (u64, u64) {
    (at.line(), at.column())
}

fn yaml<T: DeserializeOwned>(text: &str) -> Result<T, Fault> {
    let options = options! { with_snippet: false };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let text = error.to_string();
        // The message says again where it is.
        let parts = text.rsplit_once(" at line ");
        let what = parts.map_or(&*text, |(what, _)| what);
        let at = error.location().unwrap_or(Location::UNKNOWN);
        (place(at), what.into())
    })
}

fn alert_names(path: &Path) -> Result<impl Iterator<Item = String>> {
    #[derive(Deserialize)]
    struct RuleFile {
        groups: Vec<Group>,
    }
    #[derive(Deserialize)]
    struct Group {
        rules: Vec<BTreeMap<String, Value>>,
    }
    let file: RuleFile = read(path, yaml)?;
    let rules = file.groups.into_iter().flat_map(|group| group.rules);
    Ok(rules.filter_map(|rule| rule.get("alert")?.as_str().map(Into::into)))
}

impl Drill {
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        read(path, |text| Self::parse(&name, text))
    }

    pub(crate) fn parse(name: &str, text: &str) -> Result<Self, Fault> {
        let mut drill: Self = yaml(text)?;
        drill.name = name.into();
        let needs = drill.needs.iter();
        let needs = needs.map(|need| (need.referenced, need.value.fault()));
        let steps = drill.steps.iter().enumerate();
        let steps = steps.map(|(index, step)| (step.referenced, drill.fault(index)));
        let is_empty = drill.expectations().next().is_none();
        let nothing = is_empty.then_some("a drill without `expect` proves nothing");
        let mut all = needs.chain(steps).chain([(Location::UNKNOWN, nothing)]);
        let fault = all.find_map(|(at, fault)| Some((place(at), fault?.into())));
        fault.map_or(Ok(drill), Err)
    }

    fn fault(&self, index: usize) -> Option<&'static str> {
        match &self.steps[index].value {
            Action::Load(load) => load.fault(),
            Action::Wait(Wait::Load(_)) => {
                let load = self.cause(index, Some("load"));
                let load = load.map(|at| &self.steps[at].value);
                let is_endless = match load {
                    Some(Action::Load(load)) => load.length.is_none(),
                    before => before.is_none(),
                };
                is_endless.then_some("the load before has no end of its own: `for`")
            }
            Action::Wait(Wait::Part { part, of }) => {
                let is_expected = self.alerts().iter().any(|alert| alert.name == *of);
                let is_good = is_expected && (0.0..=100.0).contains(part);
                (!is_good).then_some("wanted: a part of the `for` of an alert that is expected")
            }
            Action::Stop(name) | Action::Start(name) => {
                let is_good = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
                let is_name = !name.starts_with('-') && name.chars().all(is_good);
                (!is_name).then_some("this is not the name of a service")
            }
            action => action.expectations().iter().find_map(|own| {
                let cause = self.cause(index, own.since.as_deref());
                let is_lost = own.since.is_some() && cause.is_none();
                let lost = is_lost.then_some("`since` names no kind of step before this one");
                own.fault().or(lost)
            }),
        }
    }

    /// Refuses a name that is no alert of the rules.
    pub(crate) fn check_names(&self, path: &Path, rules: &[PathBuf]) -> Result<()> {
        let known = rules.iter().map(|path| alert_names(path));
        let known: Vec<_> = known.collect::<Result<_, _>>()?;
        let known: BTreeSet<_> = known.into_iter().flatten().collect();
        let expected = self.expectations();
        let expected = expected.flat_map(|(_, own)| [&own.alert, &own.by]);
        let waited = self.steps.iter().filter_map(|step| match &step.value {
            Action::Wait(Wait::Part { of, .. }) => Some(of),
            _ => None,
        });
        let mut named = expected.flatten().chain(waited).chain(&self.allow);
        let Some(unknown) = named.find(|name| !known.contains(*name)) else {
            return Ok(());
        };
        read(path, |text| {
            let before = text.split(unknown.as_str()).next().unwrap_or_default();
            let lines: Vec<_> = before.split('\n').collect();
            let column = lines.last().map_or(0, |line| line.chars().count()) + 1;
            let place = (lines.len() as u64, column as u64);
            Err((place, format!("no rule has an alert {unknown}")))
        })
    }
}

impl Need {
    fn fault(&self) -> Option<&'static str> {
        let is_open = self.at_least.or(self.at_most).is_none();
        is_open.then_some("what is needed has at_least or at_most")
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
        let told = self.delivered.iter().chain(&self.resolve_delivered);
        let of_alert = told.count() + self.state.iter().count() + self.suppressed.iter().count();
        let others = self.heartbeat.iter().count() + self.incidents.iter().count();
        let claims = of_alert + others + self.query.iter().count();
        let counted = |own: &Incidents| own.opened.is_some() != own.closed.is_some();
        if claims != 1 {
            return Some(
                "expected is one of state, delivered, resolve_delivered, suppressed, heartbeat, \
                 incidents, query",
            );
        } else if self.alert.is_some() != (of_alert == 1) {
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
