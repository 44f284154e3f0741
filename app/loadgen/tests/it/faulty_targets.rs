//! Targets that close, reset, talk nonsense, are slow, stop, or are not there.

use std::time::{Duration, Instant};

use loadgen::ledger::Class;
use loadgen::target::Addresses;
use mock_target::{Behaviour, Freeze, Mock, Setup};

use crate::support::{
    Setting, code, loadgen, parsed, plan, report, run_against, wait_for_first_look,
};

const SHORT: [&str; 6] = ["--rate", "50", "--duration", "1s", "--wait", "0s"];

fn mock(behaviour: Behaviour) -> Mock {
    Mock::start(Setup {
        behaviour,
        ..Setup::default()
    })
    .expect("a free port")
}

#[test]
fn a_target_that_closes_or_resets_or_talks_nonsense_is_a_reset_each_time() {
    for behaviour in [Behaviour::Close, Behaviour::Reset, Behaviour::Garbage] {
        let mock = mock(behaviour.clone());
        let (code, report) = report("steady", &mock.url(), &SHORT);
        assert_eq!(
            (code, report.counts.reset, report.scheduled),
            (1, 50, 50),
            "{behaviour:?}"
        );
        assert!(
            report.response.is_none(),
            "{behaviour:?}: no response, no response time"
        );
    }
}

#[test]
fn a_target_that_closes_idle_connections_gets_new_ones() {
    let mock = mock(Behaviour::AnswerThenClose(3));
    let (code, report) = report(
        "steady",
        &mock.url(),
        &[&SHORT[..], &["--connections", "4"]].concat(),
    );
    assert_eq!(code, 0);
    // A request that meets the close on its way is a reset; most don't.
    assert_eq!(report.counts.ok + report.counts.reset, 50);
    assert!(
        report.counts.ok >= 25 && mock.accepted() > 10,
        "{} connections: {report:?}",
        mock.accepted()
    );
}

#[test]
fn a_target_that_never_answers_times_out() {
    let mock = mock(Behaviour::Silence);
    let (code, report) = report(
        "steady",
        &mock.url(),
        &[&SHORT[..], &["--timeout", "300ms"]].concat(),
    );
    assert_eq!((code, report.counts.timeout), (1, 50));
    let response = report.response.expect("timeouts have response times");
    assert!(
        (response.p50_seconds - 0.3).abs() < 0.001 && (response.max_seconds - 0.3).abs() < 0.001,
        "{response:?}"
    );
}

#[test]
fn a_slow_target_is_slow_and_nothing_else() {
    let setup = Setup {
        service_time: Duration::from_millis(400),
        ..Setup::default()
    };
    let mock = Mock::start(setup).expect("a free port");
    let (code, report) = report("steady", &mock.url(), &SHORT);
    assert_eq!((code, report.counts.ok), (0, 50));
    assert!(report.response.expect("answers").p50_seconds >= 0.399);
    assert!(
        report.elapsed_seconds >= 1.37,
        "the tail is waited for: {}",
        report.elapsed_seconds
    );
}

#[test]
fn error_answers_are_counted_by_their_status() {
    for (status, http_4xx, http_5xx) in [(404, 50, 0), (503, 0, 50)] {
        let mock = mock(Behaviour::Answer(status));
        let (code, report) = report("steady", &mock.url(), &SHORT);
        assert_eq!(
            (code, report.counts.http_4xx, report.counts.http_5xx),
            (0, http_4xx, http_5xx),
            "{status}"
        );
        assert_eq!(report.error_rate, Some(1.0));
    }
}

#[test]
fn a_target_that_is_not_there_is_a_failed_connection_each_time() {
    let url = mock(Behaviour::Silence).url();
    let (code, report) = report("steady", &url, &SHORT);
    assert_eq!((code, report.counts.connect), (1, 50));
}

/// A port that takes no more connections: whoever tries waits.
fn full_port() -> (tokio::net::TcpListener, Vec<std::net::TcpStream>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()
        .expect("a runtime");
    let listener = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
        socket
            .bind(([127, 0, 0, 1], 0).into())
            .expect("a free port");
        socket.listen(1).expect("it is bound")
    });
    let address = listener.local_addr().expect("it is bound");
    let connect = || std::net::TcpStream::connect_timeout(&address, Duration::from_millis(300));
    let waiting = std::iter::from_fn(|| connect().ok()).collect();
    (listener, waiting)
}

#[test]
fn a_connection_that_hangs_was_never_made_and_nothing_was_sent() {
    let (listener, _waiting) = full_port();
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    let (code, report) = report(
        "steady",
        &url,
        &[&SHORT[..], &["--timeout", "300ms", "--connections", "50"]].concat(),
    );
    assert_eq!((code, report.scheduled), (1, 50));
    assert_eq!(
        (report.sent, report.counts.connect, report.counts.timeout),
        (0, 50, 0),
        "{report:?}"
    );
    let response = report.response.expect("whoever came waited");
    assert!((response.p50_seconds - 0.3).abs() < 0.001, "{response:?}");
}

#[test]
fn a_target_that_moves_is_found_at_its_new_address() {
    let (old, new) = (mock(Behaviour::Answer(200)), mock(Behaviour::Answer(200)));
    let there = new.address;
    let addresses = Addresses::new(vec![old.address], move || Ok(vec![there]));
    let setting = Setting {
        plan: plan(&[(Duration::from_secs(2), 100.0, 100.0)]),
        connections: 10,
        timeout: Duration::from_secs(1),
    };
    let totals = run_against(addresses, setting, |_| drop(old));
    assert_eq!(totals.scheduled, 200);
    assert!(
        totals.count(Class::Ok) >= 150 && new.accepted() > 0,
        "{totals:?}"
    );
}

#[test]
fn a_target_that_freezes_and_goes_on_shows_in_the_response_times() {
    let target = mock(Behaviour::Answer(200));
    let options = [
        "--rate",
        "100",
        "--duration",
        "3s",
        "--json",
        "--max-lag",
        "1h",
    ];
    let mut run = loadgen(&[&["steady", "--target", &target.url()], &options[..]].concat())
        .spawn()
        .expect("it was built for this test");
    let lines = wait_for_first_look(&mut run);
    target.freeze(Freeze {
        from: Instant::now(),
        length: Duration::from_millis(600),
    });
    let output = run.wait_with_output().expect("it ends");
    drop(lines);
    let report = parsed(&output);
    assert_eq!((code(&output), report.counts.ok), (0, 300));
    let response = report.response.expect("answers");
    // S − (1 − p)·T
    assert!(
        response.max_seconds >= 0.58 && response.p95_seconds >= 0.6 - 0.15 - 0.02,
        "{response:?}"
    );
}
