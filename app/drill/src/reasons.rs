//! Which link is broken, in words: one line for each, with where to look.

use crate::alertmanager::Requests;
use crate::evidence::{Evidence, Receiver};
use crate::file::Expectation;
use crate::moment::{Offset, Span};
use crate::record::{Case, Proof};

pub(crate) fn not_held(alert: &str) -> String {
    format!(
        "{alert} fires in Prometheus but is not in Alertmanager: look at `alerting` in prometheus.yml and at \
         prometheus_notifications_errors_total"
    )
}

impl Evidence<'_> {
    /// The first thing on the way to Alertmanager that has not happened, that long after its cause.
    pub(crate) fn missing(&self, since: Span) -> String {
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

    /// It did not reach people, or nobody knows how it did.
    pub(crate) fn not_delivered(
        &self,
        receiver: Receiver<'_>,
        Requests { made, failed }: Requests,
        message: Option<Offset>,
        proof: Proof,
    ) -> String {
        let (alert, name, good) = (&self.alert, receiver.name, made - failed);
        let elsewhere = receiver.told_elsewhere(alert);
        match proof {
            _ if message.is_some() => format!(
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
