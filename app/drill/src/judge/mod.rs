//! Holds what was observed against what is expected. Pure: the same case always gives the same rows.
//!
//! A window is what the file allows (`within`, from the cause) and what the running servers are set to.
//! A row that fails says which link is broken, and where to look.

mod alert;

use std::fmt::Display;
use std::time::Duration;

use serde::Serialize;

use crate::evidence::Receiver;
use crate::file::{Action, Beat, Expectation, Incidents, Load, State};
use crate::labels::{NAME, named};
use crate::moment::{Offset, Span, Window};
use crate::record::{Case, History, Proof};

/// From an evaluation to the alert in Alertmanager, and from there to a receiver's record.
const TRANSPORT: Duration = Duration::from_secs(2);
const NONE: Duration = Duration::ZERO;
const BEGAN: Offset = Offset(0.0);

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
    NotProvable,
    /// Not asked for.
    Skipped,
}

impl Row {
    pub(crate) fn failure(&self) -> Option<&String> {
        let is_failure = matches!(self.result, Standing::Failed | Standing::NotProvable);
        is_failure.then_some(&self.reason)
    }

    fn new(subject: impl Display, step: impl Into<String>, source: &'static str) -> Self {
        Self {
            subject: subject.to_string(),
            step: step.into(),
            source,
            ..Self::default()
        }
    }

    fn fail(&mut self, reason: impl Display) {
        (self.result, self.reason) = (Standing::Failed, reason.to_string());
    }

    fn cannot_prove(mut self, reason: impl Display) -> Self {
        (self.result, self.reason) = (Standing::NotProvable, reason.to_string());
        self
    }
}

pub(crate) fn rows(case: &Case<'_>) -> Vec<Row> {
    let Case { drill, record, .. } = *case;
    let mut rows = Vec::new();
    let mut values = record.values.iter();
    for (index, step) in drill.steps.iter().enumerate() {
        rows.extend(done(case, index, &step.value));
        for own in step.value.expectations() {
            let caused = record.done(drill.cause(index, own.since.as_deref()));
            let judge = Judge {
                case,
                index,
                own,
                cause: caused.unwrap_or_default(),
                now: case.now.filter(|_| record.steps[index].is_some()),
            };
            let found = match (&own.query, own.heartbeat, &own.incidents) {
                (Some(query), ..) => vec![judge.query(query, values.next())],
                (_, Some(beat), _) => vec![judge.heartbeat(beat)],
                (.., Some(incidents)) => vec![judge.incidents(incidents)],
                _ => judge.alert(own.alert().unwrap_or_default()),
            };
            rows.extend(found.into_iter().map(|mut row| {
                row.index = Some(index);
                row.expected = row.expected.filter(|_| caused.is_some());
                judge.settle(row)
            }));
        }
    }
    rows.push(unexpected(case));
    rows
}

fn done(case: &Case<'_>, index: usize, action: &Action) -> Option<Row> {
    let sent = |load: &Load| load.sent().map_or("ended".into(), ToString::to_string);
    let (subject, step) = match action {
        Action::Load(load) => ("load", sent(load)),
        Action::Request(request) => ("request", request.to_string()),
        Action::Stop(service) => (service.as_str(), "stopped".into()),
        Action::Start(service) => (service.as_str(), "started".into()),
        Action::Run(command) => ("run", command.clone()),
        Action::Wait(_) | Action::Expect(_) | Action::All(_) => return None,
    };
    let mut row = Row::new(subject, step, "drill");
    row.index = Some(index);
    match (case.record.steps[index], case.now) {
        (Some(when), Some(_)) => (row.seen, row.result) = (Some(when.to), Standing::Seen),
        (when, _) => row.expected = when,
    }
    Some(row)
}

/// Whether anything fires that the drill doesn't speak of.
fn unexpected(case: &Case<'_>) -> Row {
    let is_meant = |name: &String| {
        let mut all = case.drill.expectations().map(|(_, own)| own);
        let is_it = |own: &Expectation| own.alert.as_ref() == Some(name);
        case.drill.allow.contains(name)
            || all.any(|own| is_it(own) && own.state != Some(State::Silent))
    };
    let fired = case.record.fired.iter();
    let strange = fired.filter(|labels| !labels.get(NAME).is_some_and(is_meant));
    let strange = strange.map(named).collect::<Vec<_>>().join(", ");
    let source = "Prometheus, its rules";
    let mut row = Row::new(&case.drill.name, "no unexpected alert", source);
    if case.is_over {
        row.result = Standing::Held;
    }
    if !strange.is_empty() {
        let what = format!("unexpected: {strange} fired; if that is right, `allow` says so");
        row.fail(what);
    }
    row
}

struct Judge<'a> {
    case: &'a Case<'a>,
    index: usize,
    own: &'a Expectation,
    cause: Window,
    /// The moment of judgement, once the drill has come to this step.
    now: Option<Offset>,
}

impl<'a> Judge<'a> {
    /// Compares when something is seen with when it is expected.
    fn settle(&self, mut own: Row) -> Row {
        let Case { is_over, slack, .. } = *self.case;
        let Some(now) = self.now else {
            (own.seen, own.result) = (None, Standing::Waiting);
            if is_over && self.case.now.is_some() {
                own.result = Standing::Skipped;
            }
            return own;
        };
        if own.result != Standing::Waiting {
            return own;
        }
        let time = own.seen.unwrap_or(now);
        let latest = own.expected.map(|expected| expected.to + slack);
        let is_late = latest.is_some_and(|latest| time > latest);
        let is_passed = |bound: &Span| time > self.cause.to + bound.0;
        let what = format!("{}: {}", own.subject, own.step);
        match (own.seen, self.own.no_later.filter(is_passed)) {
            (None, _) if is_late => own.fail(self.case.with_troubles(&own.reason)),
            (_, Some(bound)) => own.fail(too_late(self.case, self.own, &what, bound)),
            (Some(_), _) if is_late => own.fail(format!("{what} came too late")),
            (Some(_), _) => own.result = Standing::Seen,
            (None, _) if is_over => own.result = Standing::Skipped,
            (None, _) => {}
        }
        own
    }

    fn since(&self) -> Span {
        Span(self.now.map_or(NONE, |now| now.after(self.cause.from)))
    }

    fn passed(&self, moment: Offset) -> Option<Offset> {
        Some(moment).filter(|moment| self.now >= Some(*moment))
    }

    fn receiver(&self, name: &'a str) -> Receiver<'a> {
        self.case.record.receiver(self.case.facts, name)
    }

    /// What the file allows from the cause to its effect: here, or where the same alert was expected of the same cause.
    fn within(&self) -> Duration {
        let drill = self.case.drill;
        let of = |index, own: &Expectation| (drill.cause(index, own.since.as_deref()), own.alert());
        let mine = of(self.index, self.own);
        let all = drill.expectations();
        let same = all.filter(|(index, own)| *index <= self.index && of(*index, own) == mine);
        let given = same.filter_map(|(_, own)| own.within).max();
        self.own.within.or(given).unwrap_or_default().0
    }

    /// An alert ends 4 times the resend delay after its last sending; until then Alertmanager passes the heartbeat on.
    fn heartbeat(&self, beat: Beat) -> Row {
        let what = format!("heartbeat {beat:?}").to_lowercase();
        let mut own = Row::new("dead man's switch", what, "pager's record");
        let (resend, since) = (self.case.facts.resend_delay, self.since());
        let Some(patience) = self.case.facts.alarm_after else {
            return own.cannot_prove("nothing says whether the heartbeat is missed: --pager");
        };
        let alarm = resend * 4 + patience;
        let (least, most, what) = match beat {
            Beat::Missed => (
                resend.min(patience),
                alarm,
                "has not raised its alarm: look at the heartbeat's route in alertmanager.yml and at \
                 --rules.alert.resend-delay",
            ),
            Beat::Back => (NONE, resend, "still raises its alarm"),
        };
        let within = self.own.within.unwrap_or_default().0 + TRANSPORT;
        own.expected = Some(self.cause.plus(least, within + most));
        let record = self.case.record;
        own.seen = record.alarm(self.cause.from, beat == Beat::Missed);
        own.reason = format!("{since} after its cause the dead man's switch {what}");
        own
    }

    /// Without `within`, whatever is to be seen is there when the drill comes to the step.
    fn incidents(&self, wanted: &'a Incidents) -> Row {
        let receiver = self.receiver(&wanted.receiver);
        let (count, word) = match wanted.opened {
            Some(count) => (count, "opened"),
            None => (wanted.closed.unwrap_or_default(), "closed"),
        };
        let found = receiver.incidents(wanted.opened.is_some());
        let name = receiver.name;
        let subject = format!("incidents at {name}");
        let mut own = Row::new(subject, format!("{count} {word}"), "the receiver's record");
        if self.case.facts.proof == Proof::Counters {
            let nothing = format!("no record of incidents at {name}: --pager, --listen");
            return own.cannot_prove(nothing);
        }
        let interval = receiver.longest(|route| route.group_interval);
        let expected = match self.own.within {
            Some(within) => Some(self.cause.plus(NONE, within.0 + interval)),
            None => self.case.record.steps[self.index],
        };
        own.expected = expected.map(|expected| expected.plus(NONE, TRANSPORT));
        own.detail = format!("{} so far", found.len());
        let advice = match word {
            _ if found.len() > count => {
                ": an alert with another key, or one that was resolved and came again (group_by in \
                 alertmanager.yml, --rules.alert.for-grace-period)"
            }
            "closed" => ": which alert goes on? (Alertmanager, /#/alerts)",
            _ => "",
        };
        let all = found.len();
        own.reason = format!("{all} incidents were {word} at {name}, wanted: {count}{advice}");
        own.seen = match count.checked_sub(1) {
            Some(last) => found.get(last).copied(),
            None => own.expected.and_then(|expected| self.passed(expected.to)),
        };
        if found.len() > count {
            own.result = Standing::Failed;
        }
        own
    }

    fn query(&self, query: &str, values: Option<&History<Option<f64>>>) -> Row {
        let values = values.map_or(&[][..], Vec::as_slice);
        let bounds = self.own.bounds();
        let mut own = Row::new("query", &bounds, "Prometheus, instant query");
        own.expected = Some(self.cause.plus(NONE, self.within()));
        let before = values.first().and_then(|(_, value)| *value);
        // A value goes on until the next that was noted.
        let current = values.iter().rposition(|(at, _)| *at <= self.cause.from);
        let mut since = values.iter().skip(current.unwrap_or_default());
        let holds = |value| self.own.holds(before, value);
        let found = since.find(|(_, value)| value.is_some_and(holds));
        own.seen = found.map(|(at, _)| at.latest(self.cause.from));
        let now = found.or(values.last()).and_then(|(_, value)| *value);
        let [before, now] = [before, now].map(|value| match value {
            Some(value) => ((value * 1000.0).round() / 1000.0).to_string(),
            None => "nothing".into(),
        });
        own.detail = format!("{query}: {before} before, {now} now");
        own.reason = format!("wanted {bounds} of {}", own.detail);
        own
    }
}

/// Later than the file allows, whatever the servers are set to: with what they are set to.
fn too_late(case: &Case<'_>, own: &Expectation, late: &str, bound: Span) -> String {
    let rule = own.alert().and_then(|alert| case.facts.rules.get(&alert));
    let hold = rule.map(|rule| format!("`for` is {}", Span(rule.hold)));
    let receivers = own.delivered.iter().flatten();
    let routes = receivers.flat_map(|receiver| case.facts.routing.to(receiver));
    let routes = routes.map(|own| {
        let [wait, interval] = [own.group_wait, own.group_interval].map(Span);
        let receiver = &own.receiver;
        format!("{receiver}'s group_wait {wait}, group_interval {interval}")
    });
    let mut set: Vec<_> = hold.into_iter().chain(routes).collect();
    set.dedup();
    let set = set.join("; ");
    let asked = format!("{bound} of its cause, which `no_later` asks for");
    case.with_troubles(&format!("{late} not within {asked}: {set}"))
}

#[cfg(test)]
#[path = "../../tests/unit/judge.rs"]
mod tests;
