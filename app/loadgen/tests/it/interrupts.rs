//! The first signal ends the sending and is followed by a report, the second ends everything.

use std::time::{Duration, Instant};

use mock_target::{Behaviour, Setup};
use rustix::process::Signal;

use crate::support::{FIRST_LOOK, code, mock, parsed, read_to, send, spawn, wait_for};

const SIGNALS: [(Signal, i32); 2] = [(Signal::INT, 130), (Signal::TERM, 143)];

#[test]
fn the_first_signal_stops_sending_waits_for_answers_and_reports() {
    let mock = mock(Setup {
        service_time: Duration::from_millis(500),
        ..Setup::default()
    });
    for (signal, wanted) in SIGNALS {
        let mut child = spawn(
            &mock.url(),
            "steady --rate 100 --duration 1h --json --fail p99>1us",
        );
        let _lines = wait_for(&mut child, FIRST_LOOK);
        send(&child, signal);
        let output = child.wait_with_output().expect("it ends");
        let report = parsed(&output);
        assert_eq!(code(&output), wanted);
        assert_eq!(report["outcome"], "interrupted");
        assert_eq!(report["exit_code"], wanted);
        assert_eq!(
            report["counts"]["ok"], report["sent"],
            "what was in flight was answered: {report}"
        );
        let [asked, elapsed] =
            ["asked_seconds", "elapsed_seconds"].map(|name| report[name].as_f64().expect("a time"));
        assert!(asked < 60.0 && elapsed >= asked + 0.4, "{report}");
    }
}

#[test]
fn the_second_signal_ends_at_once_without_a_report() {
    let mock = mock(Behaviour::Silence);
    for (signal, wanted) in SIGNALS {
        let mut child = spawn(
            &mock.url(),
            "steady --wait 0s --rate 100 --duration 1h --timeout 60s",
        );
        let mut lines = wait_for(&mut child, FIRST_LOOK);
        send(&child, signal);
        read_to(&mut lines, "sending stopped");
        let second = Instant::now();
        send(&child, signal);
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(code(&output), wanted);
        assert!(
            second.elapsed() < Duration::from_secs(20),
            "the timeout of a minute was not waited for"
        );
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn a_signal_before_the_start_ends_with_its_code() {
    let mock = mock(Behaviour::Answer(503));
    for (signal, wanted) in SIGNALS {
        let mut child = spawn(&mock.url(), "steady");
        // The handlers are there before the first line.
        let _lines = wait_for(&mut child, "loadgen steady");
        send(&child, signal);
        assert_eq!(code(&child.wait_with_output().expect("it ends")), wanted);
    }
}
