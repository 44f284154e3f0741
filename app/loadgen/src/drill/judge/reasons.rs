//! Which link is broken, in words: one line for each, with where to look.

use super::Scene;
use crate::drill::definition::Mark;
use crate::drill::evidence::Evidence;
use crate::drill::known::Background;
use crate::drill::look::HeldBack;

/// What a reason is made from.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The drill as it stands.
    pub scene: &'a Scene<'a>,
    /// What must come, and what was known before.
    pub background: &'a Background,
    /// What was observed.
    pub evidence: &'a Evidence,
}

impl Case<'_> {
    fn alert(&self) -> &'static str {
        self.background.proof.alert
    }

    /// Seconds since a mark.
    fn since(&self, mark: Mark) -> f64 {
        let begin = self.scene.marks.get(mark).map(|mark| mark.earliest);
        self.scene
            .now
            .zip(begin)
            .map_or(0.0, |(now, begin)| now - begin)
    }

    /// What else is wrong and may be the cause.
    fn with_troubles(&self, reason: String) -> String {
        if self.scene.troubles.is_empty() {
            return reason;
        }
        format!("{reason} ({})", self.scene.troubles.join("; "))
    }
}

/// Its expression stayed false.
pub fn never_true(case: &Case<'_>) -> String {
    case.with_troubles(format!(
        "{} never went pending: its expression is still false {:.0} s after its cause; does the load reach order-service, and \
         is it scraped?",
        case.alert(),
        case.since(case.background.proof.cause)
    ))
}

/// Its expression was true, and nothing came of it.
pub fn never_pending(case: &Case<'_>) -> String {
    case.with_troubles(format!(
        "{} never went pending, although its expression is true: is its rule group evaluated? (Prometheus, /rules)",
        case.alert()
    ))
}

/// It stayed pending.
pub fn never_firing(case: &Case<'_>) -> String {
    case.with_troubles(format!(
        "{} is pending, but does not fire after its `for` of {:.0} s",
        case.alert(),
        case.background.hold
    ))
}

/// It was over too soon.
pub fn cleared_before_firing(case: &Case<'_>) -> String {
    let lasted = case
        .evidence
        .over_at
        .zip(case.evidence.pending_at)
        .map_or(0.0, |(over, pending)| over - pending);
    case.with_troubles(format!(
        "{} was pending but cleared after {lasted:.0} s, before its `for` of {:.0} s was over: the storm did not last, or \
         healthy orders diluted it",
        case.alert(),
        case.background.hold
    ))
}

/// Prometheus and Alertmanager don't agree.
pub fn not_in_alertmanager(case: &Case<'_>) -> String {
    case.with_troubles(format!(
        "{} fires in Prometheus but is not in Alertmanager: look at `alerting` in prometheus.yml and at \
         prometheus_notifications_errors_total",
        case.alert()
    ))
}

/// The routing sends it elsewhere.
pub fn wrong_receiver(case: &Case<'_>, found: &[String], wanted: &str) -> String {
    format!(
        "{} fired and is in Alertmanager, but for receiver {}, not {wanted}: look at `route` in alertmanager.yml",
        case.alert(),
        found.join(", ")
    )
}

/// Something holds it back.
pub fn suppressed(case: &Case<'_>, held_back: &HeldBack) -> String {
    let mut by = Vec::new();
    if !held_back.silences.is_empty() {
        by.push(format!("silenced by {}", held_back.silences.join(", ")));
    }
    if !held_back.inhibitors.is_empty() {
        by.push(format!("inhibited by {}", held_back.inhibitors.join(", ")));
    }
    if by.is_empty() {
        by.push("muted by a time interval".into());
    }
    format!(
        "{} fired and is in Alertmanager, but suppressed: {}",
        case.alert(),
        by.join(" and ")
    )
}

/// It did not reach people, or nobody knows how it did.
pub fn not_delivered(case: &Case<'_>, receiver: &str) -> String {
    let alert = case.alert();
    let requests = case.evidence.requests;
    let (made, good) = (requests.made, requests.made - requests.failed);
    let reason = if case.evidence.notified_at.is_some() {
        format!(
            "pager has {alert} from {receiver}, but Alertmanager counts no successful request through {receiver}: who sent it?"
        )
    } else if made == 0.0 {
        format!(
            "{alert} is in Alertmanager for receiver {receiver}, but it has tried no delivery through {receiver}: does \
             that receiver have its integration?"
        )
    } else if good <= 0.0 {
        format!(
            "Alertmanager tried {made:.0} deliveries through {receiver} and all failed: wrong key, or the receiver is down \
             (docker compose logs alertmanager)"
        )
    } else if case.evidence.elsewhere.is_empty() {
        format!(
            "Alertmanager counts {good:.0} successful requests through {receiver}, but pager has no record of {alert}: does \
             its url point elsewhere?"
        )
    } else {
        format!(
            "{alert} reached pager through {}, but not through {receiver}",
            case.evidence.elsewhere.join(", ")
        )
    };
    case.with_troubles(reason)
}

/// It goes on.
pub fn not_resolved(case: &Case<'_>) -> String {
    case.with_troubles(format!(
        "{} still fires {:.0} s after its cause has ended",
        case.alert(),
        case.since(case.background.proof.relief)
    ))
}

/// People were not told that it is over.
pub fn end_not_delivered(case: &Case<'_>, receiver: &str) -> String {
    let requests = case.evidence.requests;
    let advice = if requests.failed > 0.0 {
        format!(
            "{:.0} of {:.0} requests through {receiver} failed",
            requests.failed, requests.made
        )
    } else {
        "is send_resolved on?".into()
    };
    case.with_troubles(format!(
        "{} is resolved, but its end has not reached {receiver}: {advice}",
        case.alert()
    ))
}

/// It stayed pending after the healthy orders.
pub fn not_cleared(case: &Case<'_>) -> String {
    case.with_troubles(format!(
        "{} has not cleared {:.0} s after the healthy orders",
        case.alert(),
        case.since(case.background.proof.relief)
    ))
}

/// It fired, which it should not have.
pub fn fired(case: &Case<'_>) -> String {
    format!(
        "{} fired, although the burst was over within its `for` of {:.0} s: is `for` still in the rule?",
        case.alert(),
        case.background.hold
    )
}

/// It is sent although something worse explains it.
pub fn not_inhibited(case: &Case<'_>, by: &str) -> String {
    let reason = match (&case.evidence.held_back, &case.evidence.sighting) {
        (Some(held_back), _) => suppressed(case, held_back),
        (None, Some(_)) => format!("{} is not held back while {by} fires", case.alert()),
        (None, None) => format!("{} is not in Alertmanager while {by} fires", case.alert()),
    };
    case.with_troubles(format!(
        "{reason}; {by} should inhibit it: look at inhibit_rules in alertmanager.yml and at their `equal` labels"
    ))
}

/// Nobody noticed the silence.
pub fn no_alarm(case: &Case<'_>) -> String {
    format!(
        "Prometheus has been down for {:.0} s, and pager's dead man's switch has not said so: look at Watchdog's route in \
         alertmanager.yml and at --rules.alert.resend-delay",
        case.since(case.background.proof.cause)
    )
}

/// The heartbeat did not come back.
pub fn alarm_not_over(case: &Case<'_>) -> String {
    case.with_troubles(format!(
        "Prometheus has been up again for {:.0} s, but pager's dead man's switch still raises its alarm",
        case.since(case.background.proof.relief)
    ))
}
