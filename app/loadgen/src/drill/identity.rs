//! Which alert, which rule and which group belong to a proof: decided by labels.

use super::definition::Proof;
use super::known::Background;
use super::matchers::Labels;
use super::sources::alertmanager::HeldAlert;
use super::sources::prometheus::Rule;

/// Whether these are labels of the proof's alert.
pub fn belongs(proof: &Proof, labels: &Labels) -> bool {
    let has = |name: &str, value: &str| labels.get(name).is_some_and(|own| own == value);
    has("alertname", proof.alert) && proof.labels.iter().all(|(name, value)| has(name, value))
}

/// Whether an alert with these labels is in the group of a proof's alert. Labels that are not known of that one agree.
pub fn shares_group(background: &Background, labels: &Labels) -> bool {
    let agrees = |label: &String| {
        let own = background.labels.get(label);
        label != "..." && own.is_none_or(|own| labels.get(label) == Some(own))
    };
    background.way.group_by.iter().all(agrees)
}

/// Another alert of the same group that Alertmanager holds and sends.
pub fn fellow(background: &Background, held: &[HeldAlert]) -> Option<String> {
    let receiver = &background.way.receiver;
    let is_fellow = |alert: &&HeldAlert| {
        shares_group(background, &alert.labels)
            && !belongs(background.proof, &alert.labels)
            && alert.status.state != "suppressed"
            && alert.receivers.iter().any(|own| own.name == *receiver)
    };
    let found = held.iter().find(is_fellow)?;
    Some(in_words(&found.labels))
}

/// The rule of a proof among those of its name.
pub fn rule_of<'a>(proof: &Proof, rules: &'a [Rule]) -> Option<&'a Rule> {
    let fits = |rule: &&Rule| {
        let has =
            |(name, value): &(&str, &str)| rule.labels.get(*name).is_some_and(|own| own == value);
        proof.labels.iter().all(has)
    };
    rules.iter().find(fits)
}

/// An alert by the labels that tell it from others.
pub fn in_words(labels: &Labels) -> String {
    let name = labels.get("alertname").map_or("?", String::as_str);
    let telling: Vec<_> = [
        "severity",
        "slo",
        "long_window",
        "job",
        "instance",
        "integration",
    ]
    .into_iter()
    .filter_map(|label| Some(format!("{label}=\"{}\"", labels.get(label)?)))
    .collect();
    if telling.is_empty() {
        name.into()
    } else {
        format!("{name}{{{}}}", telling.join(","))
    }
}
