//! Targets that close, reset, talk nonsense, are slow, freeze, or are not there.

use std::time::{Duration, Instant};

use loadgen::ledger::Class;
use loadgen::target::Addresses;
use mock_target::{Behaviour, Freeze, Setup};

use crate::support::{
    FIRST_LOOK, Setting, code, flat, mock, parsed, quick, report, run_against, spawn, wait_for,
};

const SHORT: &str = "steady --rate 50 --duration 1s --wait 0s --timeout 300ms";

#[test]
fn every_way_to_end_has_its_class() {
    let answers = ["ok", "http_4xx", "http_5xx", "timeout"];
    for (behaviour, class, wanted) in [
        (Behaviour::Close, "reset", 1),
        (Behaviour::Reset, "reset", 1),
        (Behaviour::Garbage, "reset", 1),
        (Behaviour::Silence, "timeout", 1),
        (Behaviour::Answer(404), "http_4xx", 0),
        (Behaviour::Answer(503), "http_5xx", 0),
    ] {
        let mock = mock(behaviour.clone());
        let (code, report) = report(&mock.url(), SHORT);
        let counts = serde_json::to_value(&report.counts).expect("numbers");
        assert_eq!(
            (code, &counts[class]),
            (wanted, &50.into()),
            "{behaviour:?}"
        );
        assert_eq!((report.scheduled, report.error_rate), (50, Some(1.0)));
        assert_eq!(
            report.response.is_some(),
            answers.contains(&class),
            "{behaviour:?}: no response, no response time"
        );
        if class == "timeout" {
            let response = report.response.expect("it is there");
            assert!((response.p50_seconds - 0.3).abs() < 0.001, "{response:?}");
            assert!((response.max_seconds - 0.3).abs() < 0.001, "{response:?}");
        }
    }
    let gone = quick().url();
    let (code, report) = report(&gone, SHORT);
    assert_eq!((code, report.counts.connect), (1, 50));
}

#[test]
fn a_target_that_closes_idle_connections_gets_new_ones() {
    let mock = mock(Behaviour::AnswerThenClose(3));
    let (code, report) = report(&mock.url(), &format!("{SHORT} --connections 4"));
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
fn a_slow_target_is_slow_and_nothing_else() {
    let mock = mock(Setup {
        service_time: Duration::from_millis(400),
        ..Setup::default()
    });
    let (code, report) = report(&mock.url(), "steady --rate 50 --duration 1s --wait 0s");
    assert_eq!((code, report.counts.ok), (0, 50));
    assert!(report.response.expect("answers").p50_seconds >= 0.399);
    let elapsed = report.elapsed_seconds;
    assert!(elapsed >= 1.37, "the tail is waited for: {elapsed}");
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
    let (code, report) = report(&url, &format!("{SHORT} --connections 50"));
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
    let (old, new) = (quick(), quick());
    let there = new.address;
    let addresses = Addresses::new(vec![old.address], move || Ok(vec![there]));
    let setting = Setting {
        timeout: Duration::from_secs(1),
        ..Setting::new(flat(2000, 100.0), 10)
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
    let target = quick();
    let mut run = spawn(
        &target.url(),
        "steady --rate 100 --duration 3s --json --max-lag 1h",
    );
    let _lines = wait_for(&mut run, FIRST_LOOK);
    target.freeze(Freeze {
        from: Instant::now(),
        length: Duration::from_millis(600),
    });
    let output = run.wait_with_output().expect("it ends");
    let report = parsed(&output);
    assert_eq!((code(&output), report.counts.ok), (0, 300));
    let response = report.response.expect("answers");
    // S − (1 − p)·T
    assert!(
        response.max_seconds >= 0.58 && response.p95_seconds >= 0.6 - 0.15 - 0.02,
        "{response:?}"
    );
}
