//! Holds what was observed against what is expected. Pure: the same case always gives the same rows.
//!
//! A window is what the file allows (`within`, from the cause) and what the running servers are set to. Each step of an
//! alert counts from the one before it, as it was seen or else as it is expected. [`reasons`](crate::reasons) says
//! which link is broken.

mod alert;

use std::time::Duration;

use serde::Serialize;

use crate::alertmanager::Route;
use crate::case::Case;
use crate::file::{Action, Beat, Expectation, Incidents, State};
use crate::labels::{NAME, named};
use crate::moment::{Offset, Window};
use crate::reasons::{heartbeat, incidents, too_late};
use crate::record::Proof;

/// From an evaluation to the alert in Alertmanager, and from there to a receiver's record.
const TRANSPORT: Duration = Duration::from_secs(2);
const NONE: Duration = Duration::ZERO;
/// When the drill began.
const BEGAN: Offset = Offset(0.0);

/// One line of the verdict.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Row {
    /// Index of the step; `None` for what is asked of the whole drill.
    #[serde(skip)]
    pub(crate) index: Option<usize>,
    pub(crate) subject: String,
    pub(crate) step: String,
    #[serde(rename = "expected_seconds")]
    pub(crate) expected: Option<Window>,
    #[serde(rename = "seen_seconds")]
    pub(crate) seen: Option<Offset>,
    pub(crate) result: Standing,
    /// Which link is broken, unless it is seen in time.
    #[serde(skip)]
    pub(crate) reason: String,
    /// Who says so.
    pub(crate) source: &'static str,
    pub(crate) detail: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Standing {
    #[default]
    Waiting,
    Seen,
    /// As it should be throughout.
    Held,
    Failed,
    /// Nothing can say whether it is so.
    NotProvable,
    /// Not asked for.
    Skipped,
}

impl Row {
    /// Why the drill doesn't pass, if this row is the reason.
    pub(crate) fn failure(&self) -> Option<&String> {
        let is_failure = matches!(self.result, Standing::Failed | Standing::NotProvable);
        is_failure.then_some(&self.reason)
    }

    fn new(subject: &str, step: impl Into<String>, source: &'static str) -> Self {
        Self {
            subject: subject.into(),
            step: step.into(),
            source,
            ..Self::default()
        }
    }

    fn fail(&mut self, reason: String) {
        (self.result, self.reason) = (Standing::Failed, reason);
    }

    fn cannot_prove(mut self, reason: String) -> Self {
        (self.result, self.reason) = (Standing::NotProvable, reason);
        self
    }
}

/// Every step with how it stands.
pub(crate) fn rows(case: &Case<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut values = case.record.values.iter();
    for (index, step) in case.drill.steps.iter().enumerate() {
        rows.extend(done(case, index, &step.value));
        for own in step.value.expectations() {
            let judge = Judge {
                case,
                index,
                own,
                cause: case.record.done(case.drill.cause(index, own)),
            };
            let values = own.query.as_ref().and_then(|_| values.next());
            let found = judge.rows(values.map_or(&[], Vec::as_slice));
            rows.extend(found.into_iter().map(|one| judge.settle(one)));
        }
    }
    rows.push(unexpected(case));
    rows
}

/// What the drill did by itself.
fn done(case: &Case<'_>, index: usize, action: &Action) -> Option<Row> {
    let (subject, step) = match action {
        Action::Load(load) => {
            let sent = load.sent().map(ToString::to_string);
            ("load", sent.unwrap_or_else(|| "ended".into()))
        }
        Action::Request(request) => ("request", request.to_string()),
        Action::Stop(service) => (service.as_str(), "stopped".into()),
        Action::Start(service) => (service.as_str(), "started".into()),
        Action::Run(command) => ("run", command.clone()),
        Action::Wait(_) | Action::Expect(_) | Action::All(_) => return None,
    };
    let mut row = Row::new(subject, step, "drill");
    row.index = Some(index);
    if let Some(when) = case.record.steps[index] {
        match case.now {
            Some(_) => (row.seen, row.result) = (Some(when.to), Standing::Seen),
            None => row.expected = Some(when),
        }
    }
    Some(row)
}

/// Whether anything fires that the drill doesn't speak of.
fn unexpected(case: &Case<'_>) -> Row {
    let mut meant = case.drill.expectations();
    let meant: Vec<_> = meant
        .by_ref()
        .filter(|(_, own)| own.state != Some(State::Silent))
        .filter_map(|(_, own)| Some(own.alert()?.name))
        .collect();
    let is_meant = |name: &String| case.drill.allow.contains(name) || meant.contains(name);
    let fired = case.record.fired.iter();
    let strange = fired.filter(|labels| !labels.get(NAME).is_some_and(is_meant));
    let strange = strange.map(named).collect::<Vec<_>>().join(", ");
    let result = match (strange.is_empty(), case.is_over) {
        (false, _) => Standing::Failed,
        (true, true) => Standing::Held,
        (true, false) => Standing::Waiting,
    };
    Row {
        subject: case.drill.name.clone(),
        step: "no unexpected alert".into(),
        result,
        reason: format!("unexpected: {strange} fired; if that is right, `allow` says so"),
        source: "Prometheus, its rules",
        ..Row::default()
    }
}

/// One expectation in its case.
struct Judge<'a> {
    case: &'a Case<'a>,
    index: usize,
    own: &'a Expectation,
    /// When its cause happened.
    cause: Option<Window>,
}

impl Judge<'_> {
    fn rows(&self, values: &[(Offset, Option<f64>)]) -> Vec<Row> {
        let Expectation {
            state,
            delivered,
            resolve_delivered,
            ..
        } = self.own;
        if let Some(query) = &self.own.query {
            return vec![self.query(query, values)];
        } else if let Some(beat) = self.own.heartbeat {
            return vec![self.heartbeat(beat)];
        } else if let Some(own) = &self.own.incidents {
            return vec![self.incidents(own)];
        }
        let Some(subject) = self.subject() else {
            let alert = self.own.alert().unwrap_or_default().to_string();
            return vec![Row::new(&alert, "expected", "")];
        };
        if let Some(state) = state {
            return vec![self.state(&subject, *state)];
        } else if let Some(receivers) = delivered {
            return self.delivered(&subject, receivers);
        }
        let ends = resolve_delivered.iter().flatten();
        let mut found: Vec<_> = ends.map(|receiver| self.end(&subject, receiver)).collect();
        if let (Some(by), Some(duty)) = (&self.own.by, self.own.suppressed) {
            found.push(self.suppressed(&subject, by, duty));
        }
        found
    }

    /// The moment of judgement, once the drill has come to this step.
    fn now(&self) -> Option<Offset> {
        let is_reached = self.case.record.steps[self.index].is_some();
        self.case.now.filter(|_| is_reached)
    }

    /// Compares when something is seen with when it is expected.
    fn settle(&self, mut own: Row) -> Row {
        own.index = Some(self.index);
        let latest = own.expected.map(|expected| expected.to + self.case.slack);
        let bound = self.own.no_later.zip(self.cause);
        let Some(now) = self.now() else {
            let is_skipped = self.case.is_over && self.case.now.is_some();
            own.result = if is_skipped {
                Standing::Skipped
            } else {
                Standing::Waiting
            };
            own.seen = None;
            return own;
        };
        let time = own.seen.unwrap_or(now);
        let is_late = latest.is_some_and(|latest| time > latest);
        let bound = bound.filter(|(bound, cause)| time > cause.to + bound.0);
        own.result = match (own.result, own.seen) {
            (Standing::Waiting, None) if is_late => {
                own.reason = self.case.with_troubles(own.reason);
                Standing::Failed
            }
            (Standing::Waiting, seen) => match (bound, seen) {
                (Some((bound, _)), _) => {
                    let late = format!("{}: {}", own.subject, own.step);
                    own.reason = too_late(self.case, self.own, &late, bound);
                    Standing::Failed
                }
                (None, Some(_)) if is_late => {
                    own.reason = format!("{}: {} came too late", own.subject, own.step);
                    Standing::Failed
                }
                (None, Some(_)) => Standing::Seen,
                (None, None) if self.case.is_over => Standing::Skipped,
                (None, None) => Standing::Waiting,
            },
            (known, _) => known,
        };
        own
    }

    /// What the file allows from the cause to its effect: here, or where the same alert was expected of the same cause.
    fn within(&self) -> Duration {
        let cause = |index, own| self.case.drill.cause(index, own);
        let (mine, alert) = (cause(self.index, self.own), self.own.alert());
        let all = self.case.drill.expectations();
        let before = all.filter(|(index, other)| {
            *index <= self.index && cause(*index, other) == mine && other.alert() == alert
        });
        let given = before.filter_map(|(_, other)| other.within).max();
        self.own.within.or(given).unwrap_or_default().0
    }

    /// The longest time of the routes to a receiver.
    fn longest(&self, receiver: &str, time: fn(&Route) -> Duration) -> Duration {
        let routes = self.case.facts.routing.to(receiver);
        routes.map(time).max().unwrap_or_default()
    }

    /// An alert ends 4 times the resend delay after its last sending; until then Alertmanager passes the heartbeat on.
    fn heartbeat(&self, beat: Beat) -> Row {
        let what = if beat == Beat::Missed {
            "heartbeat missed"
        } else {
            "heartbeat back"
        };
        let mut own = Row::new("dead man's switch", what, "pager's record");
        let Some(cause) = self.cause else { return own };
        let Some(patience) = self.case.facts.alarm_after else {
            return own
                .cannot_prove("nothing says whether the heartbeat is missed: --pager".into());
        };
        let resend = self.case.facts.resend_delay;
        let within = self.own.within.unwrap_or_default().0 + TRANSPORT;
        own.expected = Some(match beat {
            Beat::Missed => cause.plus(resend.min(patience), within + resend * 4 + patience),
            Beat::Back => cause.plus(NONE, within + resend),
        });
        let is_it = beat == Beat::Missed;
        own.seen = self.case.record.alarm(cause.from, is_it);
        own.reason = heartbeat(beat, self.now().map_or(NONE, |now| now.after(cause.from)));
        own
    }

    /// Without `within`, whatever is to be seen is there when the drill comes to the step.
    fn incidents(&self, wanted: &Incidents) -> Row {
        let Case { facts, record, .. } = *self.case;
        let receiver = &wanted.receiver;
        let (opened, closed) = record.incidents(facts, receiver);
        let (found, count, word) = match (wanted.opened, wanted.closed) {
            (Some(count), _) => (opened, count, "opened"),
            (None, count) => (closed, count.unwrap_or_default(), "closed"),
        };
        let subject = format!("incidents at {receiver}");
        let mut own = Row::new(&subject, format!("{count} {word}"), "the receiver's record");
        if facts.proof == Proof::Counters {
            return own.cannot_prove(format!(
                "no record of incidents at {receiver}: --pager, --listen"
            ));
        }
        let interval = self.longest(receiver, |route| route.group_interval);
        let expected = match self.own.within {
            Some(within) => self
                .cause
                .map(|cause| cause.plus(NONE, within.0 + interval)),
            None => record.steps[self.index],
        };
        own.expected = expected.map(|expected| expected.plus(NONE, TRANSPORT));
        own.detail = format!("{} so far", found.len());
        own.reason = incidents(receiver, word, (found.len(), count));
        own.seen = match count.checked_sub(1) {
            Some(last) => found.get(last).copied(),
            None => own
                .expected
                .map(|expected| expected.to)
                .filter(|end| self.now() >= Some(*end)),
        };
        if found.len() > count {
            own.result = Standing::Failed;
        }
        own
    }

    fn query(&self, query: &str, values: &[(Offset, Option<f64>)]) -> Row {
        let mut own = Row::new("query", self.own.bounds(), "Prometheus, instant query");
        let Some(cause) = self.cause else { return own };
        own.expected = Some(cause.plus(NONE, self.within()));
        let before = values.first().and_then(|(_, value)| *value);
        // A value goes on until the next that was noted.
        let current = values
            .iter()
            .rposition(|(at, _)| *at <= cause.from)
            .unwrap_or_default();
        let holds = |value: f64| self.own.holds(before, value);
        let mut since = values.iter().skip(current);
        let found = since.find(|(_, value)| value.is_some_and(holds));
        own.seen = found.map(|(at, _)| at.latest(cause.from));
        let now = found.or(values.last()).and_then(|(_, value)| *value);
        let [before, now] = [before, now].map(|value| match value {
            Some(value) => ((value * 1000.0).round() / 1000.0).to_string(),
            None => "nothing".into(),
        });
        own.detail = format!("{query}: {before} before, {now} now");
        own.reason = format!("wanted {} of {}", self.own.bounds(), own.detail);
        own
    }
}

#[cfg(test)]
#[path = "../../tests/unit/judge.rs"]
mod tests;
