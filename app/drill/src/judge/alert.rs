//! What is expected of an alert: when, and whether it was seen.

use std::time::Duration;

use super::{BEGAN, Judge, NONE, Row, TRANSPORT};
use crate::alertmanager::Route;
use crate::case::Case;
use crate::evidence::{Evidence, HeldBack};
use crate::file::{Duty, State};
use crate::labels::Selector;
use crate::moment::{Offset, Span, Window};
use crate::reasons::Broken;
use crate::record::Proof;

/// An alert in an expectation, with what was seen of it since its cause.
pub(super) struct Subject<'a> {
    alert: Selector,
    seen: Evidence<'a>,
    cause: Window,
    broken: Broken,
}

impl<'a> Judge<'a> {
    /// The alert, if its cause has happened and it has a rule.
    pub(super) fn subject(&self) -> Option<Subject<'a>> {
        let (alert, cause) = (self.own.alert()?, self.cause?);
        Some(Subject {
            seen: self
                .case
                .record
                .evidence(self.case.facts, &alert, cause.from)?,
            broken: Broken {
                alert: alert.to_string(),
                since: Span(self.now().map_or(NONE, |now| now.after(cause.from))),
            },
            alert,
            cause,
        })
    }

    /// When an alert is expected to be in a state.
    pub(super) fn window(&self, subject: &Subject<'_>, state: State) -> Window {
        let Subject { seen, cause, .. } = subject;
        let interval = seen.rule.interval;
        let caused = cause.plus(NONE, self.within());
        let since =
            |at: Option<Offset>, state| at.map_or_else(|| self.window(subject, state), Window::at);
        match state {
            State::True => caused,
            State::Pending => since(seen.true_at, State::True).plus(NONE, interval),
            // Without a `for` it fires at once.
            State::Firing if seen.rule.hold.is_zero() => since(seen.pending_at, State::Pending),
            State::Firing => {
                // Whole evaluations, and one more where one was missed.
                let rounds = seen.rule.hold.as_secs_f64() / interval.as_secs_f64().max(1.0);
                let hold = interval.mul_f64(rounds.ceil());
                since(seen.pending_at, State::Pending).plus(hold, hold + interval)
            }
            State::Cleared => caused.plus(NONE, interval),
            State::Resolved => caused.plus(NONE, interval + seen.rule.keep_firing_for),
            State::Silent => {
                let length = self.own.r#for.unwrap_or_default().0;
                cause.plus(length, length)
            }
        }
    }

    /// When it fires, or fired.
    pub(super) fn firing(&self, subject: &Subject<'_>) -> Window {
        let at = subject.seen.firing_at.map(Window::at);
        at.unwrap_or_else(|| self.window(subject, State::Firing))
    }

    pub(super) fn state(&self, subject: &Subject<'_>, state: State) -> Row {
        let Subject {
            alert,
            seen,
            cause,
            broken,
        } = subject;
        let source = match state {
            State::True => "Prometheus, its expression",
            _ => "Prometheus, samples of ALERTS",
        };
        let name = format!("{state:?}").to_lowercase();
        let mut own = Row::new(&alert.to_string(), name, source);
        let expected = self.window(subject, state);
        own.expected = Some(expected);
        own.reason = broken.first(seen);
        match state {
            State::True => own.seen = seen.true_at,
            State::Pending => own.seen = seen.pending_at,
            State::Firing => {
                own.seen = seen.firing_at;
                if seen.firing_at.is_none() && seen.over_at.is_some() {
                    own.fail(self.case.with_troubles(broken.cleared(seen)));
                }
            }
            State::Resolved => {
                // What is over before its cause is has not been resolved by that.
                own.seen = seen.over_at.filter(|over| *over >= cause.from);
                own.reason = broken.not_over("still fires");
            }
            State::Cleared => {
                // It went pending after an earlier cause.
                let record = self.case.record;
                let whole = record.evidence(self.case.facts, alert, BEGAN);
                own.seen = seen.over_at;
                own.reason = broken.not_over("has not cleared");
                if whole.is_some_and(|whole| whole.firing_at.is_some()) {
                    own.fail(broken.fired(seen));
                }
            }
            State::Silent => {
                own.seen = self
                    .now()
                    .map(|_| expected.to)
                    .filter(|end| self.now() >= Some(*end));
                if seen.firing_at.is_some_and(|at| at <= expected.to) {
                    own.fail(broken.fired(seen));
                }
            }
        }
        own
    }

    /// That Alertmanager has it for the right receivers, and that they were told.
    pub(super) fn delivered(&self, subject: &Subject<'_>, receivers: &[String]) -> Vec<Row> {
        let Subject {
            alert,
            seen,
            broken,
            ..
        } = subject;
        let name = alert.to_string();
        let mut own = Row::new(&name, "in Alertmanager", "Alertmanager, its alerts");
        let firing = self.firing(subject);
        own.expected = Some(firing.plus(NONE, TRANSPORT));
        own.reason = broken.before_alertmanager(seen);
        let missing = own.reason.clone();
        if let Some((at, held)) = seen.held {
            own.seen = Some(at);
            let found: Vec<_> = held.receivers.iter().map(|one| &*one.name).collect();
            own.detail = format!("for {}", found.join(", "));
            if let Some(wanted) = receivers
                .iter()
                .find(|name| !found.contains(&name.as_str()))
            {
                own.fail(broken.wrong_receiver(&found.join(", "), wanted));
            }
        }
        let mut all = vec![own];
        for receiver in receivers {
            let mut own = self.message(subject, receiver, false);
            let (least, most) = self.group_times(subject, receiver);
            own.expected = Some(firing.plus(least, most + TRANSPORT));
            if seen.held.is_none() {
                own.reason.clone_from(&missing);
            }
            let held_back = seen.held_back.as_ref().filter(|_| own.seen.is_none());
            if let Some(by) = held_back.filter(|by| !self.may_be_held_back(alert, by)) {
                own.fail(broken.suppressed(by));
            }
            all.push(own);
        }
        all
    }

    pub(super) fn end(&self, subject: &Subject<'_>, receiver: &str) -> Row {
        let mut own = self.message(subject, receiver, true);
        let over = subject.seen.over_at.map(Window::at);
        let over = over.unwrap_or_else(|| self.window(subject, State::Resolved));
        let interval = self.longest(receiver, |route| route.group_interval);
        own.expected = Some(over.plus(NONE, interval + TRANSPORT));
        own
    }

    /// A message to a receiver: that it fires, or that it is over.
    pub(super) fn message(&self, subject: &Subject<'_>, receiver: &str, is_end: bool) -> Row {
        let Case { facts, record, .. } = *self.case;
        let Subject {
            alert,
            seen,
            broken,
            ..
        } = subject;
        let source = match facts.proof {
            Proof::Pager => "pager's record, Alertmanager's counters",
            Proof::Sink => "the drill's own webhook",
            Proof::Counters => "Alertmanager's counters",
        };
        let step = format!(
            "{}delivered to {receiver}",
            if is_end { "end " } else { "" }
        );
        let mut own = Row::new(&alert.to_string(), step, source);
        let now = self.now().unwrap_or(BEGAN);
        let requests = record.requests(facts, receiver, (BEGAN, now));
        let good = requests.made - requests.failed;
        if requests.made > 0.0 {
            own.detail = format!("{good:.0} of {:.0} requests succeeded", requests.made);
        }
        // The message that says it fires may be from before the cause of its end.
        let whole = record.evidence(facts, alert, BEGAN);
        let fired = if is_end {
            whole.and_then(|whole| whole.firing_at)
        } else {
            seen.firing_at
        };
        let told = fired.map(|fired| record.told(facts, alert, receiver, fired));
        let told = told.unwrap_or_default();
        let (message, after, least) = if is_end {
            own.reason = broken.end_not_delivered(receiver, requests);
            (told.1, seen.over_at, 2.0)
        } else {
            let sent = (receiver, requests);
            own.reason = broken.not_delivered(self.case, alert, sent, told.0);
            (told.0, seen.firing_at, 1.0)
        };
        own.seen = match facts.proof {
            Proof::Sink => message,
            Proof::Pager => message.filter(|_| good >= least),
            Proof::Counters => after.and_then(|after| record.counted(facts, receiver, after)),
        };
        let is_shared = || record.is_counter_shared(facts, alert, receiver);
        if facts.proof == Proof::Counters && after.is_some() && is_shared() {
            return own.cannot_prove(broken.not_provable(receiver));
        }
        own
    }

    /// How long a message may take at least and at most. A group that is there already is told of it when its interval
    /// is over, and that may be at once.
    pub(super) fn group_times(
        &self,
        subject: &Subject<'_>,
        receiver: &str,
    ) -> (Duration, Duration) {
        let wait = self.longest(receiver, |route| route.group_wait);
        let interval = self.longest(receiver, |route| route.group_interval);
        let mut routes = self.case.facts.routing.to(receiver);
        let Some((seen, mine)) = subject.seen.held else {
            let may_join = routes.any(Route::groups_alerts);
            return (wait, if may_join { wait.max(interval) } else { wait });
        };
        let looks = self.case.record.held.iter();
        let looks = looks.filter(|(at, _)| *at <= seen && *at + interval >= seen);
        let others = looks
            .flat_map(|(_, all)| all)
            .filter(|one| one.is_for(receiver));
        let mut others = others.filter(|one| !subject.alert.matches(&one.labels));
        if others.any(|one| routes.any(|route| route.groups(&one.labels, &mine.labels))) {
            return (NONE, wait.max(interval));
        }
        (wait, wait)
    }

    /// Whether the drill says that this may hold it back.
    pub(super) fn may_be_held_back(&self, alert: &Selector, held_back: &HeldBack) -> bool {
        let all = self.case.drill.expectations().map(|(_, own)| own);
        let mine = all.filter(|own| own.alert().as_ref() == Some(alert));
        let allowed: Vec<_> = mine.filter_map(|own| own.by.as_ref()).collect();
        let HeldBack {
            silences,
            inhibitors,
        } = held_back;
        let is_allowed = inhibitors.iter().all(|name| allowed.contains(&name));
        silences.is_empty() && !inhibitors.is_empty() && is_allowed
    }

    pub(super) fn suppressed(&self, subject: &Subject<'_>, by: &str, duty: Duty) -> Row {
        let Subject {
            alert,
            seen,
            cause,
            broken,
        } = subject;
        let what = if duty == Duty::Must {
            "held back by"
        } else {
            "held back at most by"
        };
        let source = "Alertmanager, its alerts";
        let mut own = Row::new(&alert.to_string(), format!("{what} {by}"), source);
        let within = self.own.within.unwrap_or_default().0;
        own.expected = Some(self.firing(subject).plus(NONE, within + TRANSPORT));
        let inhibited = self.case.record.inhibited_at(alert, by, cause.from);
        own.seen = inhibited.or(seen.held.map(|(at, _)| at).filter(|_| duty == Duty::May));
        own.reason = match seen.held {
            Some(_) => broken.not_inhibited(by),
            None => broken.before_alertmanager(seen),
        };
        if let Some(other) = &seen.held_back
            && !self.may_be_held_back(alert, other)
        {
            own.fail(broken.suppressed(other));
        }
        own
    }
}
