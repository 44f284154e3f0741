//! What happens before the load: readiness and the first scrape.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use loadgen::mock::{Behaviour, Mock, Setup};
use loadgen::target::Server;
use loadgen::waiting::{WaitedInVain, for_target};

use crate::support::{code, run, stderr};

/// A Prometheus whose newest sample is that many seconds from now.
fn prometheus(seconds: i64) -> Mock {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970")
        .as_secs();
    let scraped = now.checked_add_signed(seconds).expect("a date");
    let body = format!(
        r#"{{"status":"success","data":{{"resultType":"vector","result":[{{"metric":{{}},"value":[0,"{scraped}"]}}]}}}}"#
    );
    Mock::start(Setup {
        body,
        ..Setup::default()
    })
    .expect("a free port")
}

fn start(target: &Mock, prometheus: &Mock, more: &[&str]) -> (i32, String) {
    let url = prometheus.url();
    let arguments = [
        &[
            "--prometheus",
            &url,
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
    let (code, said) = start(&target, &prometheus(3600), &[]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("waiting for a scrape"), "{said}");
}

#[test]
fn an_old_sample_is_not_enough_unless_told_so() {
    let target = Mock::start(Setup::default()).expect("a free port");
    let (code, said) = start(&target, &prometheus(-60), &[]);
    assert_eq!(code, 1);
    assert!(
        said.contains("has not scraped job `order-service`") && said.contains("--no-wait-scrape"),
        "{said}"
    );
    let (code, said) = start(&target, &prometheus(-60), &["--no-wait-scrape"]);
    assert_eq!(code, 0, "{said}");
}

#[test]
fn a_target_that_is_not_ready_is_waited_for_and_one_without_ready_is_not() {
    for (status, wanted) in [(503, 1), (404, 0)] {
        let target = Mock::start(Setup {
            behaviour: Behaviour::Answer(status),
            ..Setup::default()
        })
        .expect("a free port");
        let (code, said) = start(&target, &prometheus(3600), &[]);
        assert_eq!(code, wanted, "{status}: {said}");
    }
}

/// Which addresses are found ready within half a second.
fn ready(addresses: &[SocketAddr]) -> Result<Vec<SocketAddr>, WaitedInVain> {
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
