//! The program itself: settings, exit codes, signals, the health check.

use std::net::TcpListener;

use order_service::config::Config;
use service::testing::{Client, output, wait_for};

use crate::support::{program, start};

#[test]
fn wrong_settings_are_all_named_and_the_exit_code_is_64() {
    let (code, message) = output(
        program()
            .env("ORDER_WORKERS", "0")
            .env("ORDER_QUEUE_CAPACITY", "x"),
    );
    assert_eq!(code, Some(64));
    for says in [
        "ORDER_WORKERS=0: expected a whole number from 1",
        "ORDER_QUEUE_CAPACITY=x",
    ] {
        assert!(message.contains(says), "{message}");
    }
}

#[test]
fn a_wrong_argument_is_answered_with_the_usage() {
    let (code, message) = output(program().arg("helthcheck"));
    assert_eq!(code, Some(64));
    assert!(message.contains("helthcheck"), "{message}");
    assert!(message.contains("Usage"), "{message}");
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
    let service = start(&[
        ("RUST_LOG", "my_crate"),
        ("ORDER_LINKS", "pager,Grafana=http://g.example"),
        ("OTEL_SERVICE_NAME", "orders"),
        (
            "OTEL_RESOURCE_ATTRIBUTES",
            "service.name=b,1st=x,__name__=y,a:b=z,team=a%2C%22b%22",
        ),
    ]);
    let page = service.get("/metrics").body;
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
    service.signal("-TERM");
    let (code, log) = service.end();
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
    let says = format!("cannot listen on {address}, which ORDER_ADDRESS changes: ");
    assert!(message.contains(&says), "{message}");
}

#[test]
fn the_health_check_tells_a_running_service_from_none() {
    let service = start(&[]);
    let address = service.address.to_string();
    let check = || output(program().arg("healthcheck").env("ORDER_ADDRESS", &address));
    assert_eq!(check(), (Some(0), String::new()));
    service.signal("-TERM");
    assert_eq!(service.end().0, Some(0));
    assert_eq!(check().0, Some(1));
}

fn wait_until_draining(service: &Client) {
    let answer = wait_for("no longer ready", || {
        let answer = service.get("/ready");
        (answer.status != 200).then_some(answer)
    });
    assert_eq!(answer.problem(), (503, "draining".to_owned()));
}

#[test]
fn sigterm_finishes_what_was_accepted_and_refuses_the_rest() {
    let service = start(&[]);
    let slow = service.post_aside("/orders?slow=true&slow_seconds=2");
    service.wait_for("order_workers_busy", "1");

    service.signal("-TERM");

    wait_until_draining(&service);
    for path in ["/orders", "/simulate"] {
        assert_eq!(service.post(path).problem(), (503, "draining".to_owned()));
    }
    // One order, and a batch of 20.
    let rejected = r#"orders_rejected_total{reason="draining"}"#;
    assert_eq!(service.sample(rejected), "21");
    assert_eq!(slow.join().ok(), Some(201));
    assert_eq!(service.end().0, Some(0));
}

#[test]
fn what_is_left_at_the_drain_deadline_is_answered_and_logged_as_failed() {
    let service = start(&[("ORDER_DRAIN_SECONDS", "1"), ("ORDER_WORKERS", "1")]);
    let in_work = service.post_aside("/orders?slow=true&slow_seconds=30");
    service.wait_for("order_workers_busy", "1");
    let waiting = service.post_aside("/orders?slow=true&slow_seconds=30");
    service.wait_for("order_queue_depth", "1");

    service.signal("-TERM");

    assert_eq!([in_work.join().ok(), waiting.join().ok()], [Some(500); 2]);
    let (code, log) = service.end();
    assert_eq!(code, Some(0));
    let cause = r#""cause":"not finished before the drain deadline""#;
    assert_eq!(log.matches(cause).count(), 2, "{log}");
}

#[test]
fn ctrl_c_drains_and_a_second_one_ends_at_once() {
    let service = start(&[]);
    // No answer will come, which ends its thread with a panic that nobody looks at.
    let abandoned = service.post_aside("/orders?slow=true&slow_seconds=30");
    service.wait_for("order_workers_busy", "1");
    service.signal("-INT");
    wait_until_draining(&service);
    service.signal("-INT");
    assert_eq!(service.end().0, Some(130));
    assert!(abandoned.join().is_err());
}
