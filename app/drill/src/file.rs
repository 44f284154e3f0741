//! A drill as its file says it: steps, and what must come of them. The format: `docs/drills.md`.
//!
//! How it is read, and what is refused in it: [`parse`](crate::parse).

use std::collections::BTreeSet;
use std::fmt;

use clap::ValueEnum;
use loadgen::load::Sent;
use loadgen::scenario::Scenario;
use serde::{Deserialize, Deserializer};
use serde_saphyr::Spanned;

use crate::labels::{Labels, Selector};
use crate::moment::Span;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Drill {
    #[serde(skip)]
    pub(crate) name: String,
    pub(crate) shows: String,
    pub(crate) takes: Option<Span>,
    #[serde(default)]
    pub(crate) leaves: Span,
    #[serde(default)]
    pub(crate) needs: Vec<Spanned<Need>>,
    pub(crate) steps: Vec<Spanned<Action>>,
    #[serde(default)]
    pub(crate) allow: BTreeSet<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Need {
    pub(crate) query: String,
    pub(crate) at_least: Option<f64>,
    pub(crate) at_most: Option<f64>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    Load(Load),
    Request(Request),
    Wait(Wait),
    Stop(String),
    Start(String),
    Run(String),
    Expect(Expectation),
    All(Vec<Expectation>),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Load {
    pub(crate) request: Option<Request>,
    pub(crate) second: Option<Second>,
    pub(crate) rate: Amount,
    #[serde(default, deserialize_with = "shape")]
    pub(crate) shape: Option<Scenario>,
    #[serde(rename = "for")]
    pub(crate) length: Option<Span>,
    pub(crate) connections: Option<Amount>,
    pub(crate) timeout: Option<Span>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Second {
    pub(crate) request: Request,
    pub(crate) share: f64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "wanted: a number, or a query that gives it")]
pub(crate) enum Amount {
    Number(f64),
    Query(String),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Request(pub(crate) Sent);

#[derive(Clone, Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "wanted: a time such as 30s, `load`, or { part: 0.5, of: ALERT }"
)]
pub(crate) enum Wait {
    Part { part: f64, of: String },
    Load(LoadEnds),
    Time(Span),
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LoadEnds {
    Load,
}

/// What must come of the steps. Exactly one of `state` to `query` is there.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expectation {
    pub(crate) alert: Option<String>,
    #[serde(default)]
    labels: Labels,
    pub(crate) state: Option<State>,
    pub(crate) delivered: Option<Vec<String>>,
    pub(crate) resolve_delivered: Option<Vec<String>>,
    pub(crate) suppressed: Option<Duty>,
    pub(crate) heartbeat: Option<Beat>,
    pub(crate) incidents: Option<Incidents>,
    pub(crate) query: Option<String>,
    pub(crate) by: Option<String>,
    pub(crate) r#for: Option<Span>,
    at_least: Option<f64>,
    at_most: Option<f64>,
    /// More than it was when the drill began; what was not there was zero.
    rises_by: Option<f64>,
    falls_by: Option<f64>,
    pub(crate) within: Option<Span>,
    pub(crate) no_later: Option<Span>,
    pub(crate) since: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    True,
    Pending,
    Firing,
    Cleared,
    Resolved,
    Silent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Duty {
    Must,
    May,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Beat {
    Missed,
    Back,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Incidents {
    pub(crate) receiver: String,
    pub(crate) opened: Option<usize>,
    pub(crate) closed: Option<usize>,
}

fn shape<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Scenario>, D::Error> {
    let name = String::deserialize(deserializer)?;
    let found = Scenario::from_str(&name, false).ok();
    let open = found.filter(|shape| *shape != Scenario::Max);
    let bad = || serde::de::Error::custom(format!("no shape `{name}`"));
    open.map(Some).ok_or_else(bad)
}

impl TryFrom<String> for Request {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let parsed = text.split_once(' ').and_then(|(word, path)| {
            let is_upper = word.bytes().all(|byte| byte.is_ascii_uppercase());
            let (method, path) = (word.parse().ok()?, path.trim().parse().ok()?);
            let sent = Some(Sent { method, path }).filter(|_| is_upper)?;
            sent.path.path().starts_with('/').then_some(Self(sent))
        });
        parsed.ok_or_else(|| format!("`{text}` is no request such as POST /orders"))
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0.method, self.0.path)
    }
}

impl From<Need> for Expectation {
    fn from(own: Need) -> Self {
        Self {
            query: Some(own.query),
            at_least: own.at_least,
            at_most: own.at_most,
            ..Self::default()
        }
    }
}

impl Load {
    /// What is sent, unless it only ends the load before it.
    pub(crate) fn sent(&self) -> Option<&Request> {
        let is_end = matches!(self.rate, Amount::Number(0.0));
        self.request.as_ref().filter(|_| !is_end)
    }
}

impl Expectation {
    pub(crate) fn alert(&self) -> Option<Selector> {
        let (name, labels) = (self.alert.clone()?, self.labels.clone());
        Some(Selector { name, labels })
    }

    /// Whether a value is as it must be, after another before.
    pub(crate) fn holds(&self, before: Option<f64>, value: f64) -> bool {
        let risen = value - before.unwrap_or_default();
        self.at_least.is_none_or(|least| value >= least)
            && self.at_most.is_none_or(|most| value <= most)
            && self.rises_by.is_none_or(|least| risen >= least)
            && self.falls_by.is_none_or(|least| -risen >= least)
    }

    pub(crate) fn bounds(&self) -> String {
        let bounds = [
            self.at_least.map(|least| format!("at least {least}")),
            self.at_most.map(|most| format!("at most {most}")),
            self.rises_by.map(|by| format!("{by} more than before")),
            self.falls_by.map(|by| format!("{by} less than before")),
        ];
        bounds.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

impl Action {
    pub(crate) fn expectations(&self) -> &[Expectation] {
        match self {
            Self::Expect(one) => std::slice::from_ref(one),
            Self::All(all) => all,
            _ => &[],
        }
    }

    /// Its word, if something may come of it.
    fn cause(&self) -> Option<&'static str> {
        match self {
            Self::Load(_) | Self::Wait(Wait::Load(_)) => Some("load"),
            Self::Request(_) => Some("request"),
            Self::Stop(_) => Some("stop"),
            Self::Start(_) => Some("start"),
            Self::Run(_) => Some("run"),
            Self::Wait(_) | Self::Expect(_) | Self::All(_) => None,
        }
    }
}

impl Drill {
    pub(crate) fn expectations(&self) -> impl Iterator<Item = (usize, &Expectation)> {
        self.steps.iter().enumerate().flat_map(|(index, step)| {
            let all = step.value.expectations().iter();
            all.map(move |own| (index, own))
        })
    }

    /// The last step before another that causes something, of this kind if one is asked for. Without one, what is expected
    /// counts from the beginning.
    pub(crate) fn cause(&self, index: usize, kind: Option<&str>) -> Option<usize> {
        self.steps[..index].iter().rposition(|step| {
            let word = step.value.cause();
            word.is_some_and(|word| kind.is_none_or(|kind| kind == word))
        })
    }

    pub(crate) fn alerts(&self) -> BTreeSet<Selector> {
        let expected = self.expectations();
        expected.filter_map(|(_, own)| own.alert()).collect()
    }

    pub(crate) fn receivers(&self) -> BTreeSet<&String> {
        let expected = self.expectations().map(|(_, own)| own);
        let receivers = expected.flat_map(|own| {
            let told = own.delivered.iter().chain(&own.resolve_delivered);
            let incidents = own.incidents.iter().map(|own| &own.receiver);
            told.flatten().chain(incidents)
        });
        receivers.collect()
    }

    pub(crate) fn queries(&self) -> impl Iterator<Item = &String> {
        let expected = self.expectations();
        expected.filter_map(|(_, own)| own.query.as_ref())
    }

    /// Where `--until delivered` ends: after the last step that expects a delivery.
    pub(crate) fn after_delivery(&self) -> usize {
        let is_told =
            |own: &Expectation| own.delivered.is_some() || own.heartbeat == Some(Beat::Missed);
        let told = self.expectations().filter(|(_, own)| is_told(own));
        told.last().map_or(self.steps.len(), |(index, _)| index + 1)
    }
}
