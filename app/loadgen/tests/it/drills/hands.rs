//! Drills that have services stopped and started, and drills that are interrupted.

use std::io::{BufRead, BufReader};

use loadgen::drill::report::{Outcome, Report};
use rustix::process::Signal;

use super::cast::Broken;
use super::fake::Fake;
use crate::support::{code, send};

/// Runs a drill with hands; returns its exit code, its report and the lines that were carried out.
fn operated(fake: &Fake, name: &str, slack: &str) -> (i32, Report, Vec<String>) {
    let mut child = fake
        .command(&[name, "--operator", "--json", "--slack", slack])
        .spawn()
        .expect("it was built for this test");
    let carried_out = fake.operate(&mut child);
    let output = child.wait_with_output().expect("it ends");
    let report = serde_json::from_slice(&output.stdout).expect("a report");
    (code(&output), report, carried_out)
}

#[test]
fn a_service_that_is_stopped_joins_the_page_which_is_one_incident_and_ends_once() {
    let fake = Fake::new(Broken::Nothing, &["HighErrorRate", "OrderServiceDown"]);
    let (code, report, lines) = operated(&fake, "target-down", "60s");
    assert_eq!(code, 0, "{report:?}");
    assert_eq!(
        lines,
        [
            "do: docker compose stop order-service",
            "do: docker compose start order-service"
        ]
    );
    let steps = &report.drills[0].steps;
    assert!(steps.iter().all(|row| row.result == "seen"), "{steps:?}");
    let incident = steps.iter().find(|row| row.subject == "PagerDuty");
    let incident = incident.expect("the page is one incident");
    assert_eq!(incident.detail.as_deref(), Some("order-service"));
}

#[test]
fn a_service_that_is_down_and_opens_a_second_incident_fails_the_drill_and_is_started_again() {
    let fake = Fake::new(
        Broken::SecondIncident,
        &["HighErrorRate", "OrderServiceDown"],
    );
    let (code, report, lines) = operated(&fake, "target-down", "60s");
    assert_eq!(code, 4, "{report:?}");
    let reasons = report.drills[0].reasons.join("\n");
    assert!(
        reasons.contains(
            "a second one was opened for OrderServiceDown: OrderServiceDown, after HighErrorRate"
        ),
        "{reasons}"
    );
    assert_eq!(
        lines.last().map(String::as_str),
        Some("do: docker compose start order-service")
    );
}

#[test]
fn the_dead_mans_switch_says_so_when_prometheus_is_silent() {
    let fake = Fake::new(Broken::Nothing, &[]);
    let (code, report, lines) = operated(&fake, "silent-pipe", "60s");
    assert_eq!(code, 0, "{report:?}");
    assert_eq!(
        lines,
        [
            "do: docker compose stop prometheus",
            "do: docker compose start prometheus"
        ]
    );
}

#[test]
fn a_dead_mans_switch_that_says_nothing_fails_the_drill() {
    let fake = Fake::new(Broken::NoAlarm, &[]);
    let (code, report, lines) = operated(&fake, "silent-pipe", "3s");
    assert_eq!(code, 4, "{report:?}");
    let reasons = report.drills[0].reasons.join("\n");
    assert!(
        reasons.contains("dead man's switch has not said so"),
        "{reasons}"
    );
    assert_eq!(lines.len(), 2, "Prometheus was started again");
}

#[test]
fn a_signal_stops_the_storm_and_says_where_the_drill_stood() {
    for (signal, wanted) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let fake = Fake::new(Broken::NeverTrue, &["HighErrorRate"]);
        let mut child = fake
            .command(&["high-error-rate", "--json", "--slack", "1h"])
            .spawn()
            .expect("it was built for this test");
        let mut lines = BufReader::new(child.stderr.take().expect("stderr is piped"));
        let mut line = String::new();
        while !line.contains("waiting for HighErrorRate true") {
            line.clear();
            let read = lines.read_line(&mut line).expect("stderr is text");
            assert!(read > 0, "the drill ended before it began");
        }
        send(&child, signal);
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(code(&output), wanted);
        let report: Report = serde_json::from_slice(&output.stdout).expect("a report");
        let drill = &report.drills[0];
        assert_eq!(drill.outcome, Outcome::Interrupted);
        assert!(
            drill.reasons[0].contains("it waited for HighErrorRate true"),
            "{:?}",
            drill.reasons
        );
        let storm = &drill.loads[0];
        let ended = storm.counts.ok + storm.counts.http_5xx + storm.counts.expired;
        assert_eq!(ended, storm.scheduled, "what was in flight was waited for");
        let sent = fake.world().sent.len();
        assert_eq!(sent as u64, storm.sent, "nothing was sent afterwards");
    }
}

#[test]
fn a_signal_while_a_service_is_stopped_asks_for_its_start() {
    let fake = Fake::new(Broken::NoAlarm, &[]);
    let mut child = fake
        .command(&["silent-pipe", "--operator", "--slack", "1h"])
        .spawn()
        .expect("it was built for this test");
    let mut lines = BufReader::new(child.stderr.take().expect("stderr is piped"));
    let mut line = String::new();
    let mut until = |wanted: &str| {
        line.clear();
        while !line.contains(wanted) {
            line.clear();
            let read = lines.read_line(&mut line).expect("stderr is text");
            assert!(read > 0, "it ended before `{wanted}`");
        }
    };
    until("do: docker compose stop prometheus");
    fake.world().blind = Some(super::world::now());
    until("waiting for Watchdog delivered");
    send(&child, Signal::INT);
    until("do: docker compose start prometheus");
    assert_eq!(code(&child.wait_with_output().expect("it ends")), 130);
}
