//! Labels, what selects alerts by them, and the matchers of silences.

use std::collections::BTreeMap;
use std::fmt;

use regex_lite::Regex;
use serde::Deserialize;

/// The labels of an alert, its name included.
pub(crate) type Labels = BTreeMap<String, String>;

/// The label that holds an alert's name.
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
        f.write_str(&self.name)?;
        if self.labels.is_empty() {
            return Ok(());
        }
        write!(f, "{{{}}}", listed(&self.labels))
    }
}

/// Whether no label that both have differs.
pub(crate) fn agree(one: &Labels, other: &Labels) -> bool {
    let mut both = one
        .iter()
        .filter_map(|(name, value)| Some((value, other.get(name)?)));
    both.all(|(own, theirs)| own == theirs)
}

/// Labels as in a selector, without the name.
fn listed(labels: &Labels) -> String {
    let others = labels.iter().filter(|(name, _)| *name != NAME);
    let all = others.map(|(name, value)| format!("{name}=\"{value}\""));
    all.collect::<Vec<_>>().join(",")
}

/// An alert by its name and labels.
pub(crate) fn named(labels: &Labels) -> String {
    let name = labels.get(NAME).map_or("", String::as_str);
    format!("{name}{{{}}}", listed(labels))
}

/// A condition of a silence on a label.
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
        let Some(known) = labels.get(&self.name) else {
            return true;
        };
        let pattern = Regex::new(&format!("^(?s:{})$", self.value));
        let is_match = match pattern {
            Ok(pattern) if self.is_regex => pattern.is_match(known),
            _ => self.value == *known,
        };
        is_match == self.is_equal.unwrap_or(true)
    }
}

#[cfg(test)]
#[path = "../tests/unit/labels.rs"]
mod tests;
