//! What is expected of an alert: when, and whether it was seen.

use super::{BEGAN, Judge, NONE, Row, TRANSPORT};
use crate::alertmanager::Requests;
use crate::evidence::{Evidence, HeldBack, Receiver, not_held};
use crate::file::{Duty, State};
use crate::labels::Selector;
use crate::moment::{Offset, Span, Window};
use crate::record::Proof;

impl Judge<'_> {
    pub(super) fn alert(&self, alert: Selector) -> Vec<Row> {
        let seen = self.case.evidence(alert, self.cause.from);
        let own = self.own;
        let held_back = own.suppressed.zip(own.by.as_ref());
        match (own.state, &own.delivered, held_back) {
            (Some(state), ..) => vec![self.state(&seen, state)],
            (_, Some(receivers), _) => self.delivered(&seen, receivers),
            (.., Some((duty, by))) => vec![self.suppressed(&seen, by, duty)],
            _ => {
                let ends = own.resolve_delivered.iter().flatten();
                ends.map(|receiver| self.end(&seen, receiver)).collect()
            }
        }
    }

    /// When an alert is expected to be in a state. Each counts from the one before it, as it was seen or else as it is
    /// expected.
    fn window(&self, seen: &Evidence<'_>, state: State) -> Window {
        let since = |at: Option<Offset>, expected| at.map_or(expected, Window::at);
        let (rule, interval) = (seen.rule, seen.rule.interval);
        let caused = self.cause.plus(NONE, self.within());
        let pending = since(seen.true_at, caused).plus(NONE, interval);
        let from = since(seen.pending_at, pending);
        match state {
            State::True => caused,
            State::Pending => pending,
            // Without a `for` it fires at once.
            State::Firing if rule.hold.is_zero() => from,
            State::Firing => {
                // Whole evaluations, and one more where one was missed.
                let rounds = rule.hold.as_secs_f64() / interval.as_secs_f64().max(1.0);
                let hold = interval.mul_f64(rounds.ceil());
                from.plus(hold, hold + interval)
            }
            State::Cleared => caused.plus(NONE, interval),
            State::Resolved => caused.plus(NONE, interval + rule.keep_firing_for),
            State::Silent => {
                let length = self.own.r#for.unwrap_or_default().0;
                self.cause.plus(length, length)
            }
        }
    }

    fn firing(&self, seen: &Evidence<'_>) -> Window {
        let expected = self.window(seen, State::Firing);
        seen.firing_at.map_or(expected, Window::at)
    }

    /// When it fired since the drill began: the cause of that may be an earlier one.
    fn ever_firing(&self, seen: &Evidence<'_>) -> Option<Offset> {
        self.case.evidence(seen.alert.clone(), BEGAN).firing_at
    }

    fn state(&self, seen: &Evidence<'_>, state: State) -> Row {
        let source = match state {
            State::True => "Prometheus, its expression",
            _ => "Prometheus, samples of ALERTS",
        };
        let name = format!("{state:?}").to_lowercase();
        let mut own = Row::new(&seen.alert, name, source);
        let (expected, since) = (self.window(seen, state), self.since());
        own.expected = Some(expected);
        let (alert, hold) = (&seen.alert, Span(seen.rule.hold));
        let reached = |at: Option<Offset>| {
            let has_cleared =
                seen.pending_at.and(seen.over_at).is_some() && seen.firing_at.is_none();
            (at, seen.missing(since), at.is_none() && has_cleared)
        };
        let after = format!("{since} after its cause was over");
        let fired = format!(
            "{alert} fired, although its cause was over within its `for` of {hold}: is `for` still in the rule?"
        );
        let has_failed;
        (own.seen, own.reason, has_failed) = match state {
            State::True => reached(seen.true_at),
            State::Pending => reached(seen.pending_at),
            State::Firing => reached(seen.firing_at),
            State::Resolved => {
                // What is over before its cause is has not been resolved by that.
                let over = seen.over_at.filter(|over| *over >= self.cause.from);
                (over, format!("{alert} still fires {after}"), false)
            }
            State::Cleared if self.ever_firing(seen).is_some() => (seen.over_at, fired, true),
            State::Cleared => (
                seen.over_at,
                format!("{alert} has not cleared {after}"),
                false,
            ),
            State::Silent => {
                let has_fired = seen.firing_at.is_some_and(|at| at <= expected.to);
                (self.passed(expected.to), fired, has_fired)
            }
        };
        if has_failed {
            own.fail(self.case.with_troubles(&own.reason));
        }
        own
    }

    /// That Alertmanager has it for the right receivers, and that they were told.
    fn delivered(&self, seen: &Evidence<'_>, receivers: &[String]) -> Vec<Row> {
        let alert = &seen.alert;
        let mut own = Row::new(alert, "in Alertmanager", "Alertmanager, its alerts");
        let firing = self.firing(seen);
        own.expected = Some(firing.plus(NONE, TRANSPORT));
        own.reason = seen.missing(self.since());
        if let Some((at, held)) = seen.held {
            own.seen = Some(at);
            let found: Vec<_> = held.receivers.iter().map(|one| &*one.name).collect();
            let found = found.join(", ");
            if let Some(wanted) = receivers.iter().find(|name| !held.is_for(name)) {
                own.fail(format!(
                    "{alert} fired and is in Alertmanager, but for receiver {found}, not {wanted}: look at `route` in \
                     alertmanager.yml"
                ));
            }
            own.detail = format!("for {found}");
        }
        let told = receivers.iter().map(|name| {
            let receiver = self.receiver(name);
            let mut own = self.message(seen, receiver, false);
            let (least, most) = receiver.group_times(seen);
            own.expected = Some(firing.plus(least, most + TRANSPORT));
            if seen.held.is_none() {
                own.reason = seen.missing(self.since());
            }
            if own.seen.is_none() {
                self.refuse_others(seen, &mut own);
            }
            own
        });
        std::iter::once(own).chain(told).collect()
    }

    fn end(&self, seen: &Evidence<'_>, receiver: &str) -> Row {
        let receiver = self.receiver(receiver);
        let mut own = self.message(seen, receiver, true);
        let expected = self.window(seen, State::Resolved);
        let over = seen.over_at.map_or(expected, Window::at);
        let interval = receiver.longest(|route| route.group_interval);
        own.expected = Some(over.plus(NONE, interval + TRANSPORT));
        own
    }

    /// A message to a receiver: that it fires, or that it is over.
    fn message(&self, seen: &Evidence<'_>, receiver: Receiver<'_>, is_end: bool) -> Row {
        let (proof, name) = (self.case.facts.proof, receiver.name);
        let source = match proof {
            Proof::Pager => "pager's record, Alertmanager's counters",
            Proof::Sink => "the drill's own webhook",
            Proof::Counters => "Alertmanager's counters",
        };
        let what = if is_end { "end delivered" } else { "delivered" };
        let alert = &seen.alert;
        let mut own = Row::new(alert, format!("{what} to {name}"), source);
        let Requests { made, failed } = self.requests(receiver);
        let good = made - failed;
        if made > 0.0 {
            own.detail = format!("{good:.0} of {made:.0} requests succeeded");
        }
        let told = |fired| receiver.told(alert, fired);
        let (message, after, least) = if is_end {
            let why = match failed {
                failed if failed > 0.0 => format!("{failed:.0} of {made:.0} requests failed"),
                _ => "is send_resolved on?".into(),
            };
            own.reason = format!("{alert} is resolved, but its end has not reached {name}: {why}");
            let message = self.ever_firing(seen).and_then(|fired| told(fired).1);
            (message, seen.over_at, 2.0)
        } else {
            let message = seen.firing_at.and_then(|fired| told(fired).0);
            own.reason = self.not_delivered(seen, receiver, message.is_some());
            (message, seen.firing_at, 1.0)
        };
        own.seen = match proof {
            Proof::Sink => message,
            Proof::Pager => message.filter(|_| good >= least),
            Proof::Counters => after.and_then(|after| receiver.counted(after)),
        };
        if proof == Proof::Counters && after.is_some() && receiver.is_counter_shared(alert) {
            return own.cannot_prove(format!(
                "whether {alert} reached {name} is not provable: other alerts use the same integration, and Alertmanager's \
                 counters don't say which; use --pager, --listen or Alertmanager's \
                 --enable-feature=receiver-name-in-metrics"
            ));
        }
        own
    }

    fn requests(&self, receiver: Receiver<'_>) -> Requests {
        receiver.requests(BEGAN, self.now.unwrap_or(BEGAN))
    }

    /// It did not reach people, or nobody knows how it did.
    fn not_delivered(&self, seen: &Evidence<'_>, receiver: Receiver<'_>, is_told: bool) -> String {
        let Requests { made, failed } = self.requests(receiver);
        let (alert, name, good) = (&seen.alert, receiver.name, made - failed);
        let elsewhere = receiver.told_elsewhere(alert);
        match self.case.facts.proof {
            _ if is_told => format!(
                "a message about {alert} has come, but Alertmanager counts no successful request to {name}: who sent it?"
            ),
            _ if made <= 0.0 => format!(
                "{alert} is in Alertmanager for receiver {name}, but it has tried no delivery to it: does that receiver \
                 have its integration?"
            ),
            _ if good <= 0.0 => format!(
                "Alertmanager tried {made:.0} deliveries to {name} and all failed: wrong key, a template that fails, or \
                 the receiver is down (docker compose logs alertmanager)"
            ),
            _ if !elsewhere.is_empty() => format!("{alert} reached {elsewhere}, but not {name}"),
            Proof::Counters => {
                format!("no successful request to {name} is counted since {alert} fired")
            }
            _ => format!(
                "Alertmanager counts {good:.0} successful requests to {name}, but no message about {alert} has come: does \
                 its url point elsewhere?"
            ),
        }
    }

    /// Fails if something holds it back that the drill does not speak of.
    fn refuse_others(&self, seen: &Evidence<'_>, own: &mut Row) {
        let (alert, Some(held_back)) = (&seen.alert, &seen.held_back) else {
            return;
        };
        let all = self.case.drill.expectations().map(|(_, own)| own);
        let mine = all.filter(|own| own.alert().as_ref() == Some(alert));
        let allowed: Vec<_> = mine.filter_map(|own| own.by.as_ref()).collect();
        let HeldBack(silences, inhibitors) = held_back;
        let is_allowed = inhibitors.iter().all(|name| allowed.contains(&name));
        if !silences.is_empty() || inhibitors.is_empty() || !is_allowed {
            let what = format!("{alert} fired and is in Alertmanager, but suppressed: {held_back}");
            own.fail(what);
        }
    }

    fn suppressed(&self, seen: &Evidence<'_>, by: &str, duty: Duty) -> Row {
        let (what, held) = match duty {
            Duty::Must => ("held back by", None),
            Duty::May => ("held back at most by", seen.held.map(|(at, _)| at)),
        };
        let (alert, step) = (&seen.alert, format!("{what} {by}"));
        let mut own = Row::new(alert, step, "Alertmanager, its alerts");
        let within = self.own.within.unwrap_or_default().0;
        own.expected = Some(self.firing(seen).plus(NONE, within + TRANSPORT));
        let (record, since) = (self.case.record, self.cause.from);
        own.seen = record.inhibited_at(alert, by, since).or(held);
        own.reason = match seen.held {
            Some(_) => format!(
                "{alert} is not held back while {by} fires; {by} should inhibit it: look at inhibit_rules in \
                 alertmanager.yml and at their `equal` labels"
            ),
            None => seen.missing(self.since()),
        };
        self.refuse_others(seen, &mut own);
        own
    }
}

impl Evidence<'_> {
    /// The first thing on the way to Alertmanager that has not happened, that long after its cause.
    fn missing(&self, since: Span) -> String {
        let (alert, hold) = (&self.alert, Span(self.rule.hold));
        match (self.true_at, self.pending_at, self.firing_at, self.over_at) {
            (.., Some(_), _) => not_held(&alert.to_string()),
            (None, ..) => format!(
                "{alert} never went pending: its expression is still false {since} after its cause; does the load reach \
                 the service, and is it scraped?"
            ),
            (_, None, ..) => format!(
                "{alert} never went pending, although its expression is true: is its rule group evaluated? (Prometheus, \
                 /rules)"
            ),
            (_, Some(pending), _, Some(over)) => format!(
                "{alert} was pending but cleared after {}, before its `for` of {hold} was over: its cause did not last, or \
                 was diluted",
                Span(over.after(pending))
            ),
            _ => format!("{alert} is pending, but does not fire after its `for` of {hold}"),
        }
    }
}
