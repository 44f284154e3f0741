//! Alertmanager's configuration, and the tables of what is expected of its routes and inhibitions.
//!
//! Whether Alertmanager does what the tables say: `scripts/test` asks amtool for routes, `stack-tests` a running stack for inhibition.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::repository::read;
use crate::rules::yaml;

/// The table of routes.
pub const ROUTING: &str = "observability/alertmanager/tests/routing.txt";
/// The table of inhibitions.
pub const INHIBITION: &str = "observability/alertmanager/tests/inhibition.txt";

/// The labels of an alert, its name among them.
pub type Labels = BTreeMap<String, String>;

/// What becomes of an alert while another fires.
pub struct Inhibition {
    /// Or else notified.
    pub is_inhibited: bool,
    /// The one that fires.
    pub source: Labels,
    /// The one that is inhibited, or isn't.
    pub target: Labels,
}

/// `alertmanager.yml`.
pub fn configuration() -> Value {
    yaml("observability/alertmanager/alertmanager.yml")
}

/// The receivers and the labels of each row of [`ROUTING`].
pub fn routing() -> Vec<(String, Labels)> {
    let rows = rows(ROUTING).into_iter().map(|line| {
        let (receivers, rest) = line.split_once(' ').expect("receivers and labels");
        (receivers.to_owned(), labels(rest))
    });
    rows.collect()
}

/// The rows of [`INHIBITION`].
pub fn inhibitions() -> Vec<Inhibition> {
    let rows = rows(INHIBITION).into_iter().map(|line| {
        let parts: Vec<_> = line.split('|').map(str::trim).collect();
        let [verdict @ ("inhibited" | "notified"), source, target] = parts[..] else {
            panic!("not VERDICT | SOURCE | TARGET: {line}");
        };
        Inhibition {
            is_inhibited: verdict == "inhibited",
            source: labels(source),
            target: labels(target),
        }
    });
    rows.collect()
}

fn rows(table: &str) -> Vec<String> {
    let table = read(table);
    let lines = table.lines();
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(ToOwned::to_owned).collect()
}

fn labels(text: &str) -> Labels {
    let pairs = text.split_whitespace();
    let pairs = pairs.map(|pair| pair.split_once('=').expect("LABEL=VALUE"));
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}
