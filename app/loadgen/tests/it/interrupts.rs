//! The first signal ends the sending and is followed by a report, the second ends everything.

use std::time::{Duration, Instant};

use loadgen::verdict::Outcome;
use mock_target::{Behaviour, Mock, Setup};
use rustix::process::Signal;

use crate::support::{code, loadgen, parsed, send, wait_for_first_look};

const SIGNALS: [(Signal, i32); 2] = [(Signal::INT, 130), (Signal::TERM, 143)];

#[test]
fn the_first_signal_stops_sending_waits_for_answers_and_reports() {
    let mock = Mock::start(Setup {
        service_time: Duration::from_millis(500),
        ..Setup::default()
    })
    .expect("a free port");
    for (signal, wanted) in SIGNALS {
        let arguments = [
            "steady",
            "--target",
            &mock.url(),
            "--rate",
            "100",
            "--duration",
            "1h",
            "--json",
            "--fail",
            "p99>1us",
        ];
        let mut child = loadgen(&arguments)
            .spawn()
            .expect("it was built for this test");
        let lines = wait_for_first_look(&mut child);
        send(&child, signal);
        let output = child.wait_with_output().expect("it ends");
        drop(lines);
        let report = parsed(&output);
        assert_eq!(
            (code(&output), report.outcome),
            (wanted, Outcome::Interrupted)
        );
        assert_eq!(i32::from(report.exit_code), wanted);
        assert_eq!(
            report.counts.ok, report.sent,
            "what was in flight was answered: {report:?}"
        );
        assert_eq!(report.sent + report.counts.expired, report.scheduled);
        assert!(
            report.asked_seconds < 60.0 && report.elapsed_seconds >= report.asked_seconds + 0.4,
            "{report:?}"
        );
    }
}

#[test]
fn the_second_signal_ends_at_once_without_a_report() {
    let mock = Mock::start(Setup {
        behaviour: Behaviour::Silence,
        ..Setup::default()
    })
    .expect("a free port");
    for (signal, wanted) in SIGNALS {
        let arguments = [
            "steady",
            "--target",
            &mock.url(),
            "--wait",
            "0s",
            "--rate",
            "100",
            "--duration",
            "1h",
            "--timeout",
            "60s",
        ];
        let mut child = loadgen(&arguments)
            .spawn()
            .expect("it was built for this test");
        let mut lines = wait_for_first_look(&mut child);
        send(&child, signal);
        let mut line = String::new();
        while !line.contains("sending stopped") {
            line.clear();
            std::io::BufRead::read_line(&mut lines, &mut line).expect("stderr is text");
        }
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
    let mock = Mock::start(Setup {
        behaviour: Behaviour::Answer(503),
        ..Setup::default()
    })
    .expect("a free port");
    for (signal, wanted) in SIGNALS {
        let mut child = loadgen(&["steady", "--target", &mock.url()])
            .spawn()
            .expect("it was built for this test");
        let mut first = String::new();
        let mut lines = std::io::BufReader::new(child.stderr.take().expect("stderr is piped"));
        std::io::BufRead::read_line(&mut lines, &mut first).expect("stderr is text");
        assert!(
            first.contains("loadgen steady"),
            "the handlers are there before the first line: {first}"
        );
        send(&child, signal);
        assert_eq!(code(&child.wait_with_output().expect("it ends")), wanted);
    }
}
