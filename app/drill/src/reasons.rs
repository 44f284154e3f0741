//! Which link is broken, in words: one line for each, with where to look.

use thiserror::Error;

use crate::alertmanager::Requests;
use crate::evidence::{Evidence, HeldBack, Receiver};
use crate::file::Expectation;
use crate::labels::Selector;
use crate::moment::{Offset, Span};
use crate::record::{Case, Proof};

/// A link that is broken, on the way of an alert from its cause to people and back.
#[derive(Debug, Error)]
pub(crate) enum Broken<'a> {
    #[error(
        "{0} never went pending: its expression is still false {1} after its cause; does the load reach the service, \
        and is it scraped?"
    )]
    NeverTrue(&'a Selector, Span),
    #[error(
        "{0} never went pending, although its expression is true: is its rule group evaluated? (Prometheus, /rules)"
    )]
    NeverPending(&'a Selector),
    #[error(
        "{0} was pending but cleared after {1}, before its `for` of {2} was over: its cause did not last, or was \
        diluted"
    )]
    Cleared(&'a Selector, Span, Span),
    #[error("{0} is pending, but does not fire after its `for` of {1}")]
    NeverFiring(&'a Selector, Span),
    #[error(
        "{0} fires in Prometheus but is not in Alertmanager: look at `alerting` in prometheus.yml and at \
        prometheus_notifications_errors_total"
    )]
    NotHeld(String),
    #[error(
        "{0} fired and is in Alertmanager, but for receiver {1}, not {2}: look at `route` in alertmanager.yml"
    )]
    WrongReceiver(&'a Selector, &'a str, &'a str),
    #[error("{0} fired and is in Alertmanager, but suppressed: {1}")]
    Suppressed(&'a Selector, &'a HeldBack),
    #[error(
        "{0} is not held back while {1} fires; {1} should inhibit it: look at inhibit_rules in alertmanager.yml and \
        at their `equal` labels"
    )]
    NotInhibited(&'a Selector, &'a str),
    #[error(
        "a message about {0} has come, but Alertmanager counts no successful request to {1}: who sent it?"
    )]
    NotCounted(&'a Selector, &'a str),
    #[error(
        "{0} is in Alertmanager for receiver {1}, but it has tried no delivery to it: does that receiver have its \
        integration?"
    )]
    NotTried(&'a Selector, &'a str),
    #[error(
        "Alertmanager tried {1:.0} deliveries to {0} and all failed: wrong key, a template that fails, or the \
        receiver is down (docker compose logs alertmanager)"
    )]
    AllFailed(&'a str, f64),
    #[error("{0} reached {1}, but not {2}")]
    Elsewhere(&'a Selector, String, &'a str),
    #[error("no successful request to {1} is counted since {0} fired")]
    NoneSucceeded(&'a Selector, &'a str),
    #[error(
        "Alertmanager counts {2:.0} successful requests to {1}, but no message about {0} has come: does its url point \
        elsewhere?"
    )]
    NotReceived(&'a Selector, &'a str, f64),
    #[error(
        "whether {0} reached {1} is not provable: other alerts use the same integration, and Alertmanager's counters \
        don't say which; use --pager, --listen or Alertmanager's --enable-feature=receiver-name-in-metrics"
    )]
    NotProvable(&'a Selector, &'a str),
    #[error("{0} still fires {1} after its cause was over")]
    StillFires(&'a Selector, Span),
    #[error("{0} has not cleared {1} after its cause was over")]
    NotCleared(&'a Selector, Span),
    #[error(
        "{0} fired, although its cause was over within its `for` of {1}: is `for` still in the rule?"
    )]
    Fired(&'a Selector, Span),
    #[error("{0} is resolved, but its end has not reached {1}: is send_resolved on?")]
    EndNotSent(&'a Selector, &'a str),
    #[error("{0} is resolved, but its end has not reached {1}: {2:.0} of {3:.0} requests failed")]
    EndFailed(&'a Selector, &'a str, f64, f64),
    #[error(
        "{0} after its cause the dead man's switch has not raised its alarm: look at the heartbeat's route in \
        alertmanager.yml and at --rules.alert.resend-delay"
    )]
    NoAlarm(Span),
    #[error("{0} after its cause the dead man's switch still raises its alarm")]
    StillAlarm(Span),
}

impl Evidence<'_> {
    /// The first thing on the way to Alertmanager that has not happened, that long after its cause.
    pub(crate) fn missing(&self, since: Span) -> Broken<'_> {
        let (alert, hold) = (&self.alert, Span(self.rule.hold));
        match (self.true_at, self.pending_at, self.firing_at, self.over_at) {
            (.., Some(_), _) => Broken::NotHeld(alert.to_string()),
            (None, ..) => Broken::NeverTrue(alert, since),
            (_, None, ..) => Broken::NeverPending(alert),
            (_, Some(pending), _, Some(over)) => {
                Broken::Cleared(alert, Span(over.after(pending)), hold)
            }
            _ => Broken::NeverFiring(alert, hold),
        }
    }

    /// It did not reach people, or nobody knows how it did.
    pub(crate) fn not_delivered<'a>(
        &'a self,
        receiver: Receiver<'a>,
        Requests { made, failed }: Requests,
        message: Option<Offset>,
        proof: Proof,
    ) -> Broken<'a> {
        let (alert, name, good) = (&self.alert, receiver.name, made - failed);
        let elsewhere = receiver.told_elsewhere(alert);
        match proof {
            _ if message.is_some() => Broken::NotCounted(alert, name),
            _ if made <= 0.0 => Broken::NotTried(alert, name),
            _ if good <= 0.0 => Broken::AllFailed(name, made),
            _ if !elsewhere.is_empty() => Broken::Elsewhere(alert, elsewhere, name),
            Proof::Counters => Broken::NoneSucceeded(alert, name),
            _ => Broken::NotReceived(alert, name, good),
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
