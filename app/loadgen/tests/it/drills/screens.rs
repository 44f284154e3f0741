//! What is shown while a drill waits.

use std::io::{BufRead, BufReader};

use loadgen::drill::report::Report;
use rustix::process::Signal;

use super::cast::Broken;
use super::fake::Fake;
use crate::screens::shown_by;
use crate::support::{code, send};

#[test]
fn a_terminal_gets_a_panel_that_says_what_is_waited_for() {
    let fake = Fake::new(Broken::Nothing, &["HighErrorRate"]);
    let (panel, table) = shown_by(fake.command(&["high-error-rate", "--slack", "60s"]));
    for part in [
        "expected, in seconds",
        "drill       high-error-rate",
        "waiting     HighErrorRate firing, at most",
        "load        storm:",
        "\x1b[3A",
    ] {
        assert!(panel.contains(part), "{part} in {panel}");
    }
    assert!(
        table.contains("PASS high-error-rate") && !table.contains('\x1b'),
        "{table}"
    );
}

#[test]
fn a_drill_that_waits_for_what_time_mends_says_how_long_at_most_and_can_be_stopped() {
    let fake = Fake::new(Broken::HeartbeatWaiting, &[]);
    let mut child = fake
        .command(&["--all", "--json"])
        .spawn()
        .expect("it was built for this test");
    let mut lines = BufReader::new(child.stderr.take().expect("stderr is piped"));
    let mut line = String::new();
    while !line.contains("waiting, at most 120 s more: pager has not heard") {
        line.clear();
        let read = lines.read_line(&mut line).expect("stderr is text");
        assert!(read > 0, "it did not wait");
    }
    send(&child, Signal::INT);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(code(&output), 130);
    let report: Report = serde_json::from_slice(&output.stdout).expect("a report");
    assert_eq!(report.drills.len(), 1, "the others were not begun");
    assert!(fake.world().sent.is_empty());
}
