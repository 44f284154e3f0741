//! Labels, what selects alerts by them, and the matchers of silences.

use std::collections::BTreeMap;
use std::fmt;

use regex_lite::Regex;
use serde::Deserialize;

/// The labels of an alert, its name included.
pub(crate) type Labels = BTreeMap<String, String>;

pub(crate) const NAME: &str = "alertname";

/// Which alerts are meant: by name, and by labels where one name has several.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Selector {
    pub(crate) name: String,
    pub(crate) labels: Labels,
}

impl Selector {
    /// Whether an alert is meant.
    pub(crate) fn matches(&self, labels: &Labels) -> bool {
        labels.contains_key(NAME)
            && self.may_match(labels)
            && self.labels.keys().all(|name| labels.contains_key(name))
    }

    /// The same where labels may be missing: what is not there contradicts nothing.
    pub(crate) fn may_match(&self, labels: &Labels) -> bool {
        let name = labels.get(NAME);
        name.is_none_or(|name| *name == self.name) && agree(&self.labels, labels)
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let labels = self.labels.iter();
        let labels = labels.map(|(name, value)| format!("{name}=\"{value}\""));
        match labels.collect::<Vec<_>>().join(",").as_str() {
            "" => f.write_str(&self.name),
            labels => write!(f, "{}{{{labels}}}", self.name),
        }
    }
}

/// Whether no label that both have differs.
pub(crate) fn agree(one: &Labels, other: &Labels) -> bool {
    one.iter()
        .all(|(name, own)| other.get(name).is_none_or(|theirs| theirs == own))
}

pub(crate) fn named(labels: &Labels) -> String {
    let mut labels = labels.clone();
    let name = labels.remove(NAME).unwrap_or_default();
    Selector { name, labels }.to_string()
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Matcher {
    name: String,
    value: String,
    is_regex: bool,
    is_equal: Option<bool>,
}

impl Matcher {
    /// Whether it may hold for an alert of which these labels are known.
    pub(crate) fn may_match(&self, labels: &Labels) -> bool {
        let is_match = |known: &String| match Regex::new(&format!("^(?s:{})$", self.value)) {
            Ok(pattern) if self.is_regex => pattern.is_match(known),
            _ => self.value == *known,
        };
        let known = labels.get(&self.name);
        known.is_none_or(|known| is_match(known) == self.is_equal.unwrap_or(true))
    }
}

#[cfg(test)]
#[path = "../tests/unit/labels.rs"]
mod tests;
