//! What happens before the load: readiness and the first scrape.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use loadgen::target::Server;
use loadgen::waiting::{NotReady, for_target};
use mock_target::{Behaviour, Mock, Setup};

use crate::drills::http::serve;
use crate::drills::world::now;
use crate::support::{code, run, stderr};

/// A Prometheus whose clock is that many seconds ahead of ours, and whose newest sample is that old, or as new as can be.
fn prometheus(ahead: f64, age: Option<f64>) -> String {
    let began = now();
    let address = serve(Arc::new(move |_, path| {
        let last = age.map_or_else(now, |age| began - age);
        let data = if path.contains("up") {
            format!(
                r#"{{"resultType":"vector","result":[{{"metric":{{}},"value":[0,"{}"]}}]}}"#,
                last + ahead
            )
        } else {
            let at = now() + ahead;
            format!(r#"{{"resultType":"scalar","result":[{at},"{at}"]}}"#)
        };
        Some((200, format!(r#"{{"status":"success","data":{data}}}"#)))
    }));
    format!("http://{address}")
}

fn start(target: &Mock, prometheus: &str, more: &[&str]) -> (i32, String) {
    let arguments = [
        &[
            "--prometheus",
            prometheus,
            "--duration",
            "200ms",
            "--wait",
            "600ms",
        ],
        more,
    ]
    .concat();
    let output = run("steady", &target.url(), &arguments);
    (code(&output), stderr(&output))
}

#[test]
fn starts_once_prometheus_has_scraped_the_target() {
    let target = Mock::start(Setup::default()).expect("a free port");
    let (code, said) = start(&target, &prometheus(0.0, None), &[]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("waiting for a scrape"), "{said}");
}

#[test]
fn an_old_sample_is_not_enough_unless_told_so() {
    let target = Mock::start(Setup::default()).expect("a free port");
    let (code, said) = start(&target, &prometheus(0.0, Some(60.0)), &[]);
    assert_eq!(code, 1);
    assert!(
        said.contains("has not scraped job `order-service`") && said.contains("--no-wait-scrape"),
        "{said}"
    );
    let (code, said) = start(&target, &prometheus(0.0, Some(60.0)), &["--no-wait-scrape"]);
    assert_eq!(code, 0, "{said}");
}

#[test]
fn the_clock_of_a_scrape_is_the_one_of_prometheus() {
    let target = Mock::start(Setup::default()).expect("a free port");
    for ahead in [-40.0, 40.0] {
        let (code, said) = start(&target, &prometheus(ahead, None), &[]);
        assert_eq!(code, 0, "{ahead}: {said}");
        let (code, said) = start(&target, &prometheus(ahead, Some(10.0)), &[]);
        assert_eq!(code, 1, "{ahead}: {said}");
        assert!(said.contains("has not scraped"), "{ahead}: {said}");
    }
}

#[test]
fn an_answer_that_waiting_does_not_change_is_told_at_once() {
    for (status, text) in [
        (301, "301 Moved Permanently"),
        (400, "400 Bad Request"),
        (401, "401 Unauthorized"),
        (403, "403 Forbidden"),
        (501, "501 Not Implemented"),
    ] {
        let target = Mock::start(Setup {
            behaviour: Behaviour::Answer(status),
            ..Setup::default()
        })
        .expect("a free port");
        let more = ["--duration", "200ms", "--wait"];
        let began = Instant::now();
        let output = run("steady", &target.url(), &[&more[..], &["1m"]].concat());
        let said = stderr(&output);
        assert_eq!(code(&output), 1, "{said}");
        assert!(
            said.contains(&format!("it answers /ready with {text}")) && said.contains("--wait 0s"),
            "{said}"
        );
        assert!(began.elapsed() < Duration::from_secs(30), "{said}");
        let output = run("steady", &target.url(), &[&more[..], &["0s"]].concat());
        assert_eq!(code(&output), 0, "{output:?}");
    }
}

#[test]
fn a_target_that_is_not_ready_is_waited_for_and_one_without_ready_is_not() {
    for (status, wanted) in [(503, 1), (404, 0)] {
        let target = Mock::start(Setup {
            behaviour: Behaviour::Answer(status),
            ..Setup::default()
        })
        .expect("a free port");
        let (code, said) = start(&target, &prometheus(0.0, None), &[]);
        assert_eq!(code, wanted, "{status}: {said}");
    }
}

/// Which addresses are found ready within half a second.
fn ready(addresses: &[SocketAddr]) -> Result<Vec<SocketAddr>, NotReady> {
    let server = Server::parse("http://target:8000").expect("a URL");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(for_target(&server, addresses, Duration::from_millis(500)))
}

#[test]
fn every_address_is_asked_and_those_that_are_not_ready_are_left_out() {
    let [dead, draining, alive, other] = [200, 503, 200, 404].map(|status| {
        Mock::start(Setup {
            behaviour: Behaviour::Answer(status),
            ..Setup::default()
        })
        .expect("a free port")
    });
    let gone = dead.address;
    drop(dead);
    let (alive, other) = (alive.address, other.address);
    let found = ready(&[gone, alive, draining.address, other]).expect("two are ready");
    assert_eq!(found, [alive, other]);
    let none = ready(&[gone, draining.address]).expect_err("none is ready");
    assert!(none.to_string().contains("503"), "{none}");
}
