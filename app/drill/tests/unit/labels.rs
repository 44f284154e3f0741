//! Matchers of silences, and selectors.

use super::{Labels, Matcher, Selector};

#[test]
fn a_matcher_holds_unless_a_label_contradicts_it() {
    let labels = Labels::from([("job".into(), "shop".into())]);
    for (label, value, is_regex, is_equal, holds) in [
        ("job", "shop", false, true, true),
        ("job", "shop", false, false, false),
        ("job", "sh.*", true, true, true),
        ("job", "sh", true, true, false),
        ("job", "a.b", false, true, false),
        ("severity", "page", false, true, true),
    ] {
        let matcher = Matcher {
            name: label.into(),
            value: value.into(),
            is_regex,
            is_equal: Some(is_equal),
        };
        assert_eq!(matcher.may_match(&labels), holds, "{label} {value}");
    }
}

#[test]
fn a_label_that_is_not_known_contradicts_nothing() {
    let selector = Selector {
        name: "Burn".into(),
        labels: Labels::from([("window".into(), "1h".into())]),
    };
    let named = Labels::from([("alertname".into(), "Burn".into())]);
    assert!(!selector.matches(&named) && selector.may_match(&named));
    assert_eq!(selector.to_string(), "Burn{window=\"1h\"}");
}
