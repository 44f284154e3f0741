//! The incident catalogue and what proves it: every row has its test, and every test of an incident its row.

use std::collections::BTreeSet;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use serde_json::Value;
use stack_tests::repository::{read, stems};

const CATALOGUE: &str = "docs/incidents.md";
const TESTS: &str = "observability/prometheus/tests/incidents";

/// A row of the catalogue.
#[derive(Default)]
struct Row {
    incident: String,
    /// The file that the last cell links.
    file: String,
    /// The function that the last cell names; promtool's tests are named by the incident.
    function: Option<String>,
}

fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    let mut row = Row::default();
    let mut cell = 0;
    for event in Parser::new_ext(&read(CATALOGUE), Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::TableRow) => (row, cell) = (Row::default(), 0),
            Event::End(TagEnd::TableRow) => rows.push(std::mem::take(&mut row)),
            Event::End(TagEnd::TableCell) => cell += 1,
            Event::Text(text) if cell == 0 => row.incident += &text,
            Event::Start(Tag::Link { dest_url, .. }) => {
                row.file = dest_url.trim_start_matches("../").into();
            }
            Event::Code(name) if cell == 5 => row.function = Some(name.to_string()),
            _ => {}
        }
    }
    rows
}

#[test]
fn every_row_is_proven_by_what_it_links() {
    for row in rows() {
        let text = read(&row.file);
        let proof = row.function.map_or_else(
            || format!("  - name: {}\n", row.incident),
            |name| format!("fn {name}("),
        );
        assert!(
            text.contains(&proof),
            "{CATALOGUE}, {:?}: {} has no {proof:?}",
            row.incident,
            row.file
        );
    }
}

#[test]
fn every_test_of_an_incident_has_its_row() {
    let incidents: BTreeSet<_> = rows().into_iter().map(|row| row.incident).collect();
    for file in stems(TESTS, "yml") {
        let tests: Value =
            serde_saphyr::from_str(&read(format!("{TESTS}/{file}.yml"))).expect("YAML");
        for test in tests["tests"].as_array().into_iter().flatten() {
            let name = test["name"].as_str().expect("a name");
            assert!(
                incidents.contains(name),
                "{TESTS}/{file}.yml: add a row {name:?} to {CATALOGUE}"
            );
        }
    }
}
