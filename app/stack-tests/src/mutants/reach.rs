//! Which tests can notice a change of which rule: those that give it input, and look at what it makes or at what comes of that.

use std::collections::BTreeSet;

use promql_parser::label::MatchOp;
use stack::promql::{Parts, Selector};

/// Series by name, and alerts by theirs.
pub(super) type Names = BTreeSet<String>;

/// What a selector without a name stands for.
const ANY: &str = "*";

/// What an expression reads.
#[derive(Clone, Debug, Default)]
pub(super) struct Reads {
    names: Names,
    /// Whether it has a value without any input.
    always: bool,
}

/// A rule, as far as series go in and out.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) makes: String,
    pub(super) reads: Reads,
    /// What its annotations say more about.
    pub(super) quotes: Names,
}

impl Reads {
    /// Of an expression that is not understood, that it reads everything.
    pub(super) fn of(expr: &str) -> Self {
        let Ok(parts) = Parts::of(expr) else {
            return Self {
                names: Names::from([ANY.to_owned()]),
                always: false,
            };
        };
        let functions = ["absent", "absent_over_time", "vector"];
        Self {
            names: parts.selectors.iter().map(series).collect(),
            always: functions.iter().any(|name| parts.functions.contains(name)),
        }
    }

    pub(super) fn into_names(self) -> Names {
        self.names
    }

    fn any_of(&self, names: &Names) -> bool {
        self.names.contains(ANY) || names.contains(ANY) || !self.names.is_disjoint(names)
    }
}

/// The series that a selector reads; of `ALERTS`, the alert.
fn series(selector: &Selector) -> String {
    let name = selector.vector.name.as_deref().unwrap_or(ANY);
    let alert = selector
        .of("alertname")
        .filter(|matcher| matcher.op == MatchOp::Equal)
        .map(|matcher| matcher.value.as_str());
    match name {
        "ALERTS" | "ALERTS_FOR_STATE" => alert.last().unwrap_or(ANY),
        name => name,
    }
    .to_owned()
}

/// The rules that a test with this input can notice, if it looks at these names.
pub(super) fn noticed(rules: &[Node], given: &Names, looked_at: &Names) -> Names {
    let has_input = |rule: &Node, known: &Names| rule.reads.always || rule.reads.any_of(known);
    let mut known = given.clone();
    grow(&mut known, rules, |rule, known| {
        has_input(rule, known).then(|| vec![rule.makes.clone()])
    });
    let mut seen = looked_at.clone();
    grow(&mut seen, rules, |rule, seen| {
        let makes_one = seen.contains(ANY) || seen.contains(&rule.makes);
        makes_one.then(|| rule.reads.names.union(&rule.quotes).cloned().collect())
    });
    let noticed = rules.iter().filter(|rule| {
        has_input(rule, &known) && (seen.contains(ANY) || seen.contains(&rule.makes))
    });
    noticed.map(|rule| rule.makes.clone()).collect()
}

/// Adds to a set what its elements lead to, until nothing is added.
fn grow(set: &mut Names, rules: &[Node], leads_to: impl Fn(&Node, &Names) -> Option<Vec<String>>) {
    loop {
        let before = set.len();
        for rule in rules {
            let more = leads_to(rule, set).unwrap_or_default();
            set.extend(more);
        }
        if set.len() == before {
            return;
        }
    }
}
