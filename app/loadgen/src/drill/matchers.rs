//! Label matchers as Alertmanager writes them: `severity="critical"`, `job=~"order.*"`.

use std::collections::BTreeMap;

use regex_lite::Regex;

/// The labels of an alert.
pub type Labels = BTreeMap<String, String>;

/// One condition on a label.
#[derive(Clone, Debug)]
pub struct Matcher {
    label: String,
    wanted: Wanted,
    /// Whether it holds when the value is as wanted, or when it is not.
    is_equal: bool,
}

#[derive(Clone, Debug)]
enum Wanted {
    Text(String),
    Pattern(Regex),
}

impl Matcher {
    /// A matcher from its parts; `None` if the pattern is none.
    pub fn new(label: &str, value: &str, is_regex: bool, is_equal: bool) -> Option<Self> {
        let wanted = if is_regex {
            Wanted::Pattern(Regex::new(&format!("^(?:{value})$")).ok()?)
        } else {
            Wanted::Text(value.into())
        };
        Some(Self {
            label: label.into(),
            wanted,
            is_equal,
        })
    }

    /// Reads one matcher.
    pub fn parse(text: &str) -> Option<Self> {
        let at = text.find(['=', '!'])?;
        let label = text[..at].trim().trim_matches('"');
        let (is_regex, is_equal, skipped) = match text.as_bytes()[at..] {
            [b'=', b'~', ..] => (true, true, 2),
            [b'!', b'~', ..] => (true, false, 2),
            [b'!', b'=', ..] => (false, false, 2),
            [b'=', ..] => (false, true, 1),
            _ => return None,
        };
        let value = text[at + skipped..].trim();
        let value = match value.strip_prefix('"') {
            Some(quoted) => quoted.strip_suffix('"')?.replace("\\\"", "\""),
            None => value.into(),
        };
        Self::new(label, &value, is_regex, is_equal)
    }

    /// Whether an alert with these labels matches; a label that is missing is empty.
    pub fn matches(&self, labels: &Labels) -> bool {
        let value = labels.get(&self.label).map_or("", String::as_str);
        let is_as_wanted = match &self.wanted {
            Wanted::Text(text) => text == value,
            Wanted::Pattern(pattern) => pattern.is_match(value),
        };
        is_as_wanted == self.is_equal
    }

    /// Whether an alert of which only these labels are known could match.
    pub fn may_match(&self, known: &Labels) -> bool {
        !known.contains_key(&self.label) || self.matches(known)
    }
}

#[cfg(test)]
mod tests {
    use super::{Labels, Matcher};

    fn labels() -> Labels {
        Labels::from([
            ("alertname".into(), "HighErrorRate".into()),
            ("severity".into(), "critical".into()),
        ])
    }

    #[test]
    fn matches_like_alertmanager() {
        for (text, wanted) in [
            ("severity=\"critical\"", true),
            ("severity = critical", true),
            ("severity!=\"critical\"", false),
            ("severity=~\"crit.*|page\"", true),
            // Anchored at both ends.
            ("severity=~\"crit\"", false),
            ("severity!~\"warn.*\"", true),
            // A missing label is an empty one.
            ("team=\"\"", true),
            ("team=\"core\"", false),
        ] {
            let matcher = Matcher::parse(text).unwrap_or_else(|| panic!("{text} is a matcher"));
            assert_eq!(matcher.matches(&labels()), wanted, "{text}");
        }
        for text in ["severity", "severity=~\"(\"", "severity=\"critical", "a!b"] {
            assert!(Matcher::parse(text).is_none(), "{text} is none");
        }
    }

    #[test]
    fn a_label_that_is_not_known_may_match() {
        let matcher = |text| Matcher::parse(text).expect("a matcher");
        assert!(matcher("job=\"order-service\"").may_match(&labels()));
        assert!(!matcher("severity=\"warning\"").may_match(&labels()));
    }
}
