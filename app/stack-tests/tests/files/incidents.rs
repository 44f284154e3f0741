//! The incident catalogue and what proves it: every row has its test, and every test of an incident its row.

use std::collections::BTreeSet;

use stack::markdown::Page;
use stack::repository::read;
use stack::rules;

const CATALOGUE: &str = "docs/incidents.md";
const TESTS: &str = "observability/prometheus/tests/incidents/";

#[test]
fn every_row_is_proven_by_what_it_links() {
    for row in Page::read(CATALOGUE).rows {
        let incident = &row[0].text;
        // A function, where the last cell names one; promtool's tests are named by the incident.
        let proof = row[5].code.as_ref().map_or_else(
            || format!("  - name: {incident}\n"),
            |name| format!("fn {name}("),
        );
        let link = row[5].link.as_deref().unwrap_or_default();
        let file = link.trim_start_matches("../");
        let proven = !file.is_empty() && read(file).contains(&proof);
        assert!(proven, "{CATALOGUE}, {incident:?}: {file} has no {proof:?}");
    }
}

#[test]
fn every_test_of_an_incident_has_its_row() {
    let page = Page::read(CATALOGUE);
    let incidents: BTreeSet<_> = page.rows.iter().map(|row| row[0].text.as_str()).collect();
    for (file, test) in rules::tests() {
        let name = test.name.as_str();
        let listed = !file.starts_with(TESTS) || incidents.contains(name);
        assert!(listed, "{file}: add a row {name:?} to {CATALOGUE}");
    }
}
