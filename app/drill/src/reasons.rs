//! Which link is broken, in words: one line for each, with where to look.

use std::time::Duration;

use crate::alertmanager::Requests;
use crate::case::Case;
use crate::evidence::{Evidence, HeldBack};
use crate::file::{Beat, Expectation};
use crate::labels::Selector;
use crate::moment::{Offset, Span};
use crate::record::Proof;

/// What is broken for an alert, that long after its cause.
pub(crate) struct Broken {
    pub(crate) alert: String,
    pub(crate) since: Span,
}

impl Broken {
    /// The first thing on the way to firing that has not happened.
    pub(crate) fn first(&self, own: &Evidence<'_>) -> String {
        let Self { alert, since } = self;
        let hold = Span(own.rule.hold);
        match (own.true_at, own.pending_at, own.over_at) {
            (None, ..) => format!(
                "{alert} never went pending: its expression is still false {since} after its cause; does \
                 the load reach the service, and is it scraped?"
            ),
            (_, None, _) => format!(
                "{alert} never went pending, although its expression is true: is its rule group \
                 evaluated? (Prometheus, /rules)"
            ),
            (.., Some(_)) => self.cleared(own),
            _ => format!("{alert} is pending, but does not fire after its `for` of {hold}"),
        }
    }

    pub(crate) fn cleared(&self, own: &Evidence<'_>) -> String {
        let Self { alert, .. } = self;
        let lasted = own.over_at.zip(own.pending_at);
        let lasted = Span(lasted.map_or(Duration::ZERO, |(over, pending)| over.after(pending)));
        let hold = Span(own.rule.hold);
        format!(
            "{alert} was pending but cleared after {lasted}, before its `for` of {hold} was over: its \
             cause did not last, or was diluted"
        )
    }

    /// Why Alertmanager doesn't have it.
    pub(crate) fn before_alertmanager(&self, own: &Evidence<'_>) -> String {
        if own.firing_at.is_none() {
            return self.first(own);
        }
        not_in_alertmanager(&self.alert)
    }

    pub(crate) fn wrong_receiver(&self, found: &str, wanted: &str) -> String {
        let Self { alert, .. } = self;
        format!(
            "{alert} fired and is in Alertmanager, but for receiver {found}, not {wanted}: look at `route` \
             in alertmanager.yml"
        )
    }

    pub(crate) fn suppressed(&self, held_back: &HeldBack) -> String {
        let silenced = format!("silenced by {}", held_back.silences.join(", "));
        let inhibited = format!("inhibited by {}", held_back.inhibitors.join(", "));
        let by = match (held_back.silences.len(), held_back.inhibitors.len()) {
            (0, 0) => "muted by a time interval".into(),
            (_, 0) => silenced,
            (0, _) => inhibited,
            _ => format!("{silenced} and {inhibited}"),
        };
        format!(
            "{} fired and is in Alertmanager, but suppressed: {by}",
            self.alert
        )
    }

    /// It did not reach people, or nobody knows how it did.
    pub(crate) fn not_delivered(
        &self,
        case: &Case<'_>,
        selector: &Selector,
        (receiver, Requests { made, failed }): (&str, Requests),
        message: Option<Offset>,
    ) -> String {
        let Self { alert, .. } = self;
        let elsewhere = case.record.told_elsewhere(case.facts, selector, receiver);
        let good = made - failed;
        if message.is_some() {
            return format!(
                "a message about {alert} has come, but Alertmanager counts no successful request to \
                 {receiver}: who sent it?"
            );
        } else if made <= 0.0 {
            return format!(
                "{alert} is in Alertmanager for receiver {receiver}, but it has tried no delivery to it: \
                 does that receiver have its integration?"
            );
        } else if good <= 0.0 {
            return format!(
                "Alertmanager tried {made:.0} deliveries to {receiver} and all failed: wrong key, a \
                 template that fails, or the receiver is down (docker compose logs alertmanager)"
            );
        } else if !elsewhere.is_empty() {
            return format!("{alert} reached {elsewhere}, but not {receiver}");
        } else if case.facts.proof == Proof::Counters {
            return format!("no successful request to {receiver} is counted since {alert} fired");
        }
        format!(
            "Alertmanager counts {good:.0} successful requests to {receiver}, but no message about {alert} \
             has come: does its url point elsewhere?"
        )
    }

    pub(crate) fn end_not_delivered(&self, receiver: &str, requests: Requests) -> String {
        let Requests { made, failed } = requests;
        let mut advice = "is send_resolved on?".to_owned();
        if failed > 0.0 {
            advice = format!("{failed:.0} of {made:.0} requests failed");
        }
        format!(
            "{} is resolved, but its end has not reached {receiver}: {advice}",
            self.alert
        )
    }

    pub(crate) fn not_provable(&self, receiver: &str) -> String {
        let Self { alert, .. } = self;
        format!(
            "whether {alert} reached {receiver} is not provable: other alerts use the same integration, \
             and Alertmanager's counters don't say which; use --pager, --listen or Alertmanager's \
             --enable-feature=receiver-name-in-metrics"
        )
    }

    pub(crate) fn not_over(&self, what: &str) -> String {
        format!(
            "{} {what} {} after its cause was over",
            self.alert, self.since
        )
    }

    pub(crate) fn fired(&self, own: &Evidence<'_>) -> String {
        let (alert, hold) = (&self.alert, Span(own.rule.hold));
        format!(
            "{alert} fired, although its cause was over within its `for` of {hold}: is `for` still in the rule?"
        )
    }

    pub(crate) fn not_inhibited(&self, by: &str) -> String {
        let Self { alert, .. } = self;
        format!(
            "{alert} is not held back while {by} fires; {by} should inhibit it: look at inhibit_rules in \
             alertmanager.yml and at their `equal` labels"
        )
    }
}

pub(crate) fn not_in_alertmanager(alert: &str) -> String {
    format!(
        "{alert} fires in Prometheus but is not in Alertmanager: look at `alerting` in prometheus.yml \
         and at prometheus_notifications_errors_total"
    )
}

pub(crate) fn heartbeat(beat: Beat, since: Duration) -> String {
    let since = Span(since);
    match beat {
        Beat::Missed => format!(
            "{since} after its cause the dead man's switch has not raised its alarm: look at the \
             heartbeat's route in alertmanager.yml and at --rules.alert.resend-delay"
        ),
        Beat::Back => {
            format!("{since} after its cause the dead man's switch still raises its alarm")
        }
    }
}

pub(crate) fn incidents(receiver: &str, word: &str, (found, wanted): (usize, usize)) -> String {
    let advice = match (found > wanted, word) {
        (true, _) => {
            ": an alert with another key, or one that was resolved and came again (group_by in \
             alertmanager.yml, --rules.alert.for-grace-period)"
        }
        (false, "closed") => ": which alert goes on? (Alertmanager, /#/alerts)",
        _ => "",
    };
    format!("{found} incidents were {word} at {receiver}, wanted: {wanted}{advice}")
}

/// Later than the file allows, whatever the servers are set to: with what they are set to.
pub(crate) fn too_late(case: &Case<'_>, own: &Expectation, late: &str, bound: Span) -> String {
    let rule = own.alert().and_then(|alert| case.facts.rules.get(&alert));
    let hold = rule.map(|rule| format!("`for` is {}", Span(rule.hold)));
    let mut set: Vec<_> = hold.into_iter().collect();
    let receivers = own.delivered.iter().flatten();
    set.extend(
        receivers
            .flat_map(|receiver| case.facts.routing.to(receiver))
            .map(|route| {
                let [wait, interval] = [route.group_wait, route.group_interval].map(Span);
                format!(
                    "{}'s group_wait {wait}, group_interval {interval}",
                    route.receiver
                )
            }),
    );
    set.dedup();
    let set = set.join("; ");
    case.with_troubles(format!(
        "{late} not within {bound} of its cause, which `no_later` asks for: {set}"
    ))
}
