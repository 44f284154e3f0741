//! What the drills say about the stack's rules and routes, held against the files themselves.

use std::collections::BTreeMap;

use clap::ValueEnum;
use loadgen::drill::Name;
use loadgen::drill::catalogue::SERIES;
use loadgen::drill::definition::{End, Guard, Onset, Proof};
use loadgen::drill::matchers::Labels;
use loadgen::drill::routing::ways;
use serde::Deserialize;

#[derive(Deserialize)]
struct Rules {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    rules: Vec<Rule>,
}

#[derive(Clone, Deserialize)]
struct Rule {
    alert: Option<String>,
    record: Option<String>,
    expr: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

fn file(path: &str) -> String {
    let whole = format!("{}/../../observability/{path}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&whole).unwrap_or_else(|error| panic!("{whole}: {error}"))
}

fn rules() -> Vec<Rule> {
    let folder = format!(
        "{}/../../observability/prometheus/rules",
        env!("CARGO_MANIFEST_DIR")
    );
    let files = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder}: {error}"));
    let read = |entry: std::io::Result<std::fs::DirEntry>| -> Rules {
        let path = entry.expect("a folder can be read").path();
        let text = std::fs::read_to_string(&path).expect("a rules file");
        serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let groups = files.flat_map(|entry| read(entry).groups);
    groups.flat_map(|group| group.rules).collect()
}

fn proofs() -> Vec<&'static Proof> {
    let drills = Name::value_variants().iter().map(|name| name.drill());
    drills.flat_map(|drill| drill.proofs).collect()
}

/// The rule of a proof.
fn rule_of(proof: &Proof) -> Rule {
    let rules = rules();
    let fits = |rule: &&Rule| {
        rule.alert.as_deref() == Some(proof.alert)
            && proof
                .labels
                .iter()
                .all(|(name, value)| rule.labels.get(*name).is_some_and(|own| own == value))
    };
    let found: Vec<_> = rules.iter().filter(fits).collect();
    assert_eq!(found.len(), 1, "{} {:?}", proof.alert, proof.labels);
    found[0].clone()
}

#[test]
fn every_alert_of_a_drill_has_exactly_one_rule_and_every_companion_has_one() {
    for proof in proofs() {
        rule_of(proof);
    }
    let rules = rules();
    for companion in Name::value_variants()
        .iter()
        .flat_map(|name| name.drill().companions)
    {
        assert!(
            rules
                .iter()
                .any(|rule| rule.alert.as_deref() == Some(companion)),
            "{companion}"
        );
    }
}

/// Whether an expression compares something with exactly this number.
fn compares(expr: &str, operator: &str, number: f64) -> bool {
    let words: Vec<_> = expr.split_whitespace().collect();
    words
        .windows(2)
        .any(|pair| pair == [operator, &number.to_string()])
}

#[test]
fn thresholds_and_guards_are_those_of_the_rules() {
    let recorded = |name: &str, label: (&str, &str)| -> f64 {
        let rules = rules();
        let rule = rules.iter().find(|rule| {
            rule.record.as_deref() == Some(name)
                && rule
                    .labels
                    .get(label.0)
                    .is_some_and(|value| value == label.1)
        });
        let expr = &rule.expect("it is recorded").expr;
        let number = expr.trim_start_matches("vector(").trim_end_matches(')');
        number
            .parse()
            .unwrap_or_else(|_| panic!("{expr} is a number"))
    };
    for proof in proofs() {
        let Onset::Share(shares) = proof.onset else {
            continue;
        };
        let expr = rule_of(proof).expr;
        for share in shares {
            let above = share.above;
            match proof.alert {
                "HighErrorRate" => assert!(compares(&expr, ">", above), "{expr}"),
                "HighLatency" => {
                    let quantile = format!("histogram_quantile({},", 1.0 - above);
                    assert!(expr.contains(&quantile), "{expr}");
                }
                _ => {
                    let budget =
                        1.0 - recorded("slo:order_objective:ratio", ("slo", "availability"));
                    let limit =
                        recorded("long_window:order_burn_limit:ratio", ("long_window", "1h"));
                    assert!((above - limit * budget).abs() < 1e-9, "{limit} × {budget}");
                }
            }
            match share.at_least {
                Guard::None => {}
                Guard::Orders(orders) => assert!(compares(&expr, ">=", orders), "{expr}"),
                // `0 * objective + 100` gives the floor the objective's labels.
                Guard::Bad(orders) => {
                    let rules = rules();
                    let floor = rules
                        .iter()
                        .find(|rule| rule.record.as_deref() == Some("slo:order_errors_floor:count"))
                        .expect("it is recorded");
                    assert!(
                        floor.expr.ends_with(&format!("+ {orders}")),
                        "{}",
                        floor.expr
                    );
                }
            }
        }
    }
}

#[test]
fn every_figure_that_must_move_is_recorded_or_exported() {
    let golden = std::fs::read_to_string(format!(
        "{}/../order-service/tests/golden/metrics.txt",
        env!("CARGO_MANIFEST_DIR")
    ))
    .expect("the golden file");
    let rules = rules();
    let readings = Name::value_variants()
        .iter()
        .flat_map(|name| name.drill().readings);
    for reading in readings {
        let names = reading
            .query
            .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'))
            .filter(|word| word.contains("order_"));
        for name in names {
            let is_recorded = rules
                .iter()
                .any(|rule| rule.record.as_deref() == Some(name));
            assert!(is_recorded || golden.contains(name), "{name}");
        }
    }
}

#[test]
fn the_routing_sends_every_drilled_alert_where_the_drill_wants_it() {
    let configuration = file("alertmanager/alertmanager.yml");
    for proof in proofs() {
        let mut labels: Labels = rule_of(proof).labels;
        labels.insert("alertname".into(), proof.alert.into());
        labels.entry("job".into()).or_insert("order-service".into());
        let found = ways(&configuration, &labels).expect("a configuration that can be read");
        let wanted = match proof.end {
            End::Delivered(receiver) => receiver,
            End::FallsSilent => "dead-mans-switch",
            _ => continue,
        };
        assert!(
            found.iter().any(|way| way.receiver == wanted),
            "{}: {found:?}",
            proof.alert
        );
    }
}

#[test]
fn the_series_has_every_drill_once() {
    for name in Name::value_variants() {
        assert_eq!(
            SERIES.iter().filter(|own| *own == name).count(),
            1,
            "{name:?}"
        );
    }
}
