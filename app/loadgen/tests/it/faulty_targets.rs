//! Targets that close, reset, talk nonsense, or are not there.

use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use mock_target::Behaviour;
use serde_json::Value;

use crate::support::{mock, quick, report};

const SHORT: &str = "steady --rate 50 --duration 1s --wait 0s --timeout 300ms";

/// That of `SHORT`.
fn assert_timeout(seconds: &Value) {
    let found = seconds.as_f64().expect("a time");
    assert!((found - 0.3).abs() < 0.001, "{found}");
}

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
        assert_eq!(code, wanted, "{behaviour:?}");
        assert_eq!(report["counts"][class], 50, "{behaviour:?}");
        assert_eq!(report["scheduled"], 50);
        assert_eq!(report["error_rate"], 1.0);
        assert_eq!(
            report["response"].is_object(),
            answers.contains(&class),
            "{behaviour:?}: no response, no response time"
        );
        if class == "timeout" {
            assert_timeout(&report["response"]["p50_seconds"]);
            assert_timeout(&report["response"]["max_seconds"]);
        }
    }
    let gone = quick().url();
    let (code, report) = report(&gone, SHORT);
    assert_eq!(code, 1);
    assert_eq!(report["counts"]["connect"], 50);
}

#[test]
fn a_target_that_closes_idle_connections_gets_new_ones() {
    let mock = mock(Behaviour::AnswerThenClose(3));
    let (code, report) = report(&mock.url(), &format!("{SHORT} --connections 4"));
    assert_eq!(code, 0);
    // A request that meets the close on its way is a reset; most don't.
    let [ok, reset] = ["ok", "reset"].map(|class| report["counts"][class].as_u64());
    assert_eq!(ok.zip(reset).map(|(ok, reset)| ok + reset), Some(50));
    assert!(ok >= Some(25) && mock.accepted() > 10, "{report}");
}

/// A port that takes no more connections: whoever tries waits.
fn full_port() -> (TcpListener, Vec<TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    // Once more, with the shortest backlog.
    rustix::net::listen(&listener, 1).expect("it is bound");
    let address = listener.local_addr().expect("it is bound");
    let connect = || TcpStream::connect_timeout(&address, Duration::from_millis(300));
    let waiting = std::iter::from_fn(|| connect().ok()).collect();
    (listener, waiting)
}

#[test]
fn a_connection_that_hangs_was_never_made_and_nothing_was_sent() {
    let (listener, _waiting) = full_port();
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    let (code, report) = report(&url, &format!("{SHORT} --connections 50"));
    assert_eq!(code, 1);
    assert_eq!(report["sent"], 0, "{report}");
    assert_eq!(report["counts"]["connect"], 50, "{report}");
    assert_timeout(&report["response"]["p50_seconds"]);
}
