//! The program itself: settings, exit codes, signals, the health check.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use order_service::config::Config;

use crate::program::{Process, output, program};
use crate::support::Client;

#[test]
fn wrong_settings_are_all_named_and_the_exit_code_is_64() {
    let (code, message) = output(
        program()
            .env("ORDER_WORKERS", "0")
            .env("ORDER_QUEUE_CAPACITY", "x"),
    );
    assert_eq!(code, Some(64));
    assert!(
        message.contains("ORDER_WORKERS=0: expected a whole number from 1 to 1000"),
        "{message}"
    );
    assert!(message.contains("ORDER_QUEUE_CAPACITY=x"), "{message}");
}

#[test]
fn a_wrong_argument_is_answered_with_the_usage() {
    let (code, message) = output(program().arg("helthcheck"));
    assert_eq!(code, Some(64));
    assert!(
        message.contains("helthcheck") && message.contains("Usage"),
        "{message}"
    );
}

#[test]
fn the_usage_names_every_setting_with_its_default() {
    let usage = program().arg("--help").output().expect("it runs").stdout;
    let usage = String::from_utf8(usage).expect("text");
    let default = |name: &str| {
        let line = usage
            .lines()
            .find(|line| line.trim_start().split(' ').next() == Some(name));
        let line = line.unwrap_or_else(|| panic!("{name} is not in the usage"));
        let (_, default) = line.trim_end_matches(']').rsplit_once('[').expect("[…]");
        // Lists are only described.
        let described = name == "ORDER_LINKS" || name.starts_with("OTEL_");
        (!described).then(|| default.to_owned())
    };
    let from_usage = Config::from_lookup(default).expect("valid");
    let from_code = Config::from_lookup(|_| None).expect("valid");
    assert_eq!(format!("{from_usage:?}"), format!("{from_code:?}"));
}

#[test]
fn what_other_programs_have_in_the_environment_stops_nothing_and_keeps_the_scrape_valid() {
    let process = Process::start(&[
        ("RUST_LOG", "my_crate"),
        ("ORDER_LINKS", "pager,Grafana=http://g.example"),
        ("OTEL_SERVICE_NAME", "orders"),
        (
            "OTEL_RESOURCE_ATTRIBUTES",
            "service.name=b,1st=x,__name__=y,a:b=z,team=a%2C%22b%22",
        ),
    ]);
    let page = Client::new(process.address).get("/metrics").body;
    let who = page.lines().find(|line| line.starts_with("target_info{"));
    let who = who.unwrap_or_else(|| panic!("no target_info in {page}"));
    for label in [
        r#"service_name="orders""#,
        r#"key_1st="x""#,
        r#"key___name__="y""#,
        r#"a_b="z""#,
        r#"team="a,\"b\"""#,
    ] {
        assert!(who.contains(label), "{label} is not in {who}");
    }
    process.signal("-TERM");
    let (code, log) = process.end();
    assert_eq!(code, Some(0));
    assert!(
        log.contains(r#""link":"pager""#) && log.contains("left out"),
        "{log}"
    );
}

#[test]
fn a_taken_port_is_named_with_the_setting_that_moves_it() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("bound").to_string();
    let (code, message) = output(program().env("ORDER_ADDRESS", &address));
    assert_eq!(code, Some(1));
    assert!(
        message.contains(&address) && message.contains("ORDER_ADDRESS"),
        "{message}"
    );
}

#[test]
fn the_health_check_tells_a_running_service_from_none() {
    let process = Process::start(&[]);
    let address = process.address.to_string();
    let check = || output(program().arg("healthcheck").env("ORDER_ADDRESS", &address));
    assert_eq!(check(), (Some(0), String::new()));
    process.signal("-TERM");
    assert_eq!(process.end().0, Some(0));
    assert_eq!(check().0, Some(1));
}

#[test]
fn sigterm_finishes_what_was_accepted_and_refuses_the_rest() {
    let process = Process::start(&[]);
    let client = Client::new(process.address);
    let slow = {
        let client = client.clone();
        thread::spawn(move || client.post("/orders?slow=true&slow_seconds=2").status)
    };
    client.wait_for("order_workers_busy", 1.0);

    process.signal("-TERM");

    let started = Instant::now();
    while client.get("/ready").status == 200 {
        assert!(started.elapsed() < Duration::from_secs(2), "still ready");
    }
    let not_ready = client.get("/ready");
    assert_eq!(
        (not_ready.status, &not_ready.json()["code"]),
        (503, &"draining".into())
    );
    for path in ["/orders", "/simulate"] {
        let refused = client.post(path);
        assert_eq!(refused.status, 503, "{path}");
        assert_eq!(refused.json()["code"], "draining", "{path}");
    }
    // One order, and a batch of 20.
    let rejected = client.sample(r#"orders_rejected_total{reason="draining"}"#);
    assert!((rejected - 21.0).abs() < f64::EPSILON, "{rejected}");
    assert_eq!(slow.join().ok(), Some(201));
    assert_eq!(process.end().0, Some(0));
}

#[test]
fn a_batch_caught_by_sigterm_is_answered_with_what_became_of_every_order() {
    let process = Process::start(&[("ORDER_WORKERS", "1"), ("ORDER_QUEUE_CAPACITY", "2")]);
    let client = Client::new(process.address);
    let batch = {
        let client = client.clone();
        thread::spawn(move || client.post("/simulate?count=20&slow_rate=1&slow_seconds=0.5"))
    };
    client.wait_for("order_queue_depth", 1.0);

    process.signal("-TERM");

    let answer = batch.join().expect("no panic");
    assert_eq!(answer.status, 200, "{}", answer.body);
    let summary = answer.json();
    let orders = |name: &str| summary[name].as_u64().expect("a count");
    assert!(
        orders("succeeded") > 0 && orders("rejected") > 0,
        "{summary}"
    );
    assert_eq!(
        orders("succeeded") + orders("failed") + orders("rejected"),
        20
    );
    assert_eq!(process.end().0, Some(0));
}

#[test]
fn what_is_left_at_the_drain_deadline_is_answered_and_logged_as_failed() {
    let process = Process::start(&[("ORDER_DRAIN_SECONDS", "1"), ("ORDER_WORKERS", "1")]);
    let client = Client::new(process.address);
    let post = || {
        let client = client.clone();
        thread::spawn(move || client.post("/orders?slow=true&slow_seconds=30").status)
    };
    let in_work = post();
    client.wait_for("order_workers_busy", 1.0);
    let waiting = post();
    client.wait_for("order_queue_depth", 1.0);

    process.signal("-TERM");

    assert_eq!([in_work.join().ok(), waiting.join().ok()], [Some(500); 2]);
    let (code, log) = process.end();
    assert_eq!(code, Some(0));
    assert_eq!(
        log.matches(r#""cause":"not finished before the drain deadline""#)
            .count(),
        2,
        "{log}"
    );
}

#[test]
fn a_half_sent_request_does_not_hold_up_the_stop() {
    let process = Process::start(&[]);
    let mut connection = TcpStream::connect(process.address).expect("it listens");
    connection
        .write_all(b"POST /orders HTTP/1.1\r\nHost: orders\r\nTransfer-Encoding: chunked\r\n\r\n")
        .expect("it reads");
    let active = r#"http_server_active_requests{http_request_method="POST",url_scheme="http"}"#;
    Client::new(process.address).wait_for(active, 1.0);
    thread::spawn(move || {
        // Longer than the service waits, and not for ever: a service that does not stop by itself fails the test.
        thread::sleep(Duration::from_secs(20));
        drop(connection);
    });

    process.signal("-TERM");

    let (code, log) = process.end();
    assert_eq!(code, Some(0));
    assert!(log.contains("did not end in time"), "{log}");
}

#[test]
fn ctrl_c_drains_and_a_second_one_ends_at_once() {
    let process = Process::start(&[]);
    let client = Client::new(process.address);
    let abandoned = {
        let client = client.clone();
        // No answer will come, which ends this thread with a panic that nobody looks at.
        thread::spawn(move || client.post("/orders?slow=true&slow_seconds=30").status)
    };
    client.wait_for("order_workers_busy", 1.0);
    process.signal("-INT");
    let started = Instant::now();
    while client.get("/ready").status == 200 {
        assert!(started.elapsed() < Duration::from_secs(2), "still ready");
    }
    process.signal("-INT");
    assert_eq!(process.end().0, Some(130));
    assert!(abandoned.join().is_err());
}
