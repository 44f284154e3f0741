//! Which alert, which rule and which group belong to a proof: decided by labels.

use super::definition::Proof;
use super::matchers::Labels;
use super::sources::alertmanager::HeldAlert;
use super::sources::prometheus::Rule;

/// Whether these are labels of the proof's alert.
pub fn belongs(proof: &Proof, labels: &Labels) -> bool {
    let has = |name: &str, value: &str| labels.get(name).is_some_and(|own| own == value);
    has("alertname", proof.alert) && proof.labels.iter().all(|(name, value)| has(name, value))
}

/// Another alert of the same group that Alertmanager holds; groups are made by alertname, job and severity.
pub fn fellow(proof: &Proof, held: &[HeldAlert]) -> Option<String> {
    let own_severity = proof
        .labels
        .iter()
        .find(|(name, _)| *name == "severity")
        .map(|(_, value)| *value);
    let is_fellow = |labels: &Labels| {
        labels
            .get("alertname")
            .is_some_and(|own| own == proof.alert)
            && !belongs(proof, labels)
            && own_severity
                .is_none_or(|wanted| labels.get("severity").is_some_and(|own| own == wanted))
    };
    let found = held.iter().find(|alert| is_fellow(&alert.labels))?;
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
