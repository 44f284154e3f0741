//! The program itself: settings, exit codes, signals, the health check.

use std::net::TcpListener;
use std::time::{Duration, Instant};
use std::{fs, thread};

use serde_json::{Value, json};
use service::testing::output;

use crate::support::{KEY, Pager, program};

#[test]
fn wrong_settings_are_all_named_and_the_exit_code_is_64() {
    let (code, message) = output(
        program()
            .env("PAGER_DEADMAN_SECONDS", "0")
            .env("PAGER_PAGERDUTY_ROUTING_KEY", "short"),
    );
    assert_eq!(code, Some(64));
    for name in [
        "PAGER_DEADMAN_SECONDS=0",
        "PAGER_PAGERDUTY_ROUTING_KEY=short",
    ] {
        assert!(message.contains(name), "{message}");
    }
}

#[test]
fn a_taken_port_is_named_with_the_setting_that_moves_it() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("bound").to_string();
    let (code, message) = output(program().env("PAGER_ADDRESS", &address));
    assert_eq!(code, Some(1));
    assert!(
        message.contains(&address) && message.contains("PAGER_ADDRESS"),
        "{message}"
    );
}

#[test]
fn the_health_check_tells_a_running_service_from_none() {
    let pager = Pager::start(&[]);
    let address = pager.address.to_string();
    let check = || output(program().arg("healthcheck").env("PAGER_ADDRESS", &address));
    assert_eq!(check(), (Some(0), String::new()));
    pager.signal("-TERM");
    assert_eq!(pager.0.end().0, Some(0));
    assert_eq!(check().0, Some(1));
}

/// The largest that are accepted, and such as take the most memory when they are read. The container has 128 MiB.
#[cfg(target_os = "linux")]
#[test]
fn fifty_large_messages_at_once_leave_the_memory_bounded() {
    const LARGE: usize = 500 << 10;
    let pager = Pager::start(&[]);
    let event = |details: Value| {
        let payload =
            json!({"summary": "x", "source": "x", "severity": "info", "custom_details": details});
        json!({"routing_key": KEY, "event_action": "trigger", "payload": payload}).to_string()
    };
    let alerts = "Since 2026-01-01 00:00:00 UTC\n  é\n  é\n  * a = b\n".repeat(LARGE / 60);
    let messages = [
        event(
            json!({"labels": format!("* a = {}", "x".repeat(LARGE)), "firing": "Since 1 UTC\n".repeat(20)}),
        ),
        event(json!({"firing": alerts})),
        event(json!({"firing": vec![1; LARGE / 2]})),
    ];
    thread::scope(|scope| {
        for i in 0..50 {
            let (pager, body) = (&pager, &messages[i % messages.len()]);
            scope.spawn(move || {
                let answer = pager.send("POST", "/pagerduty/v2/enqueue", body);
                assert_eq!(answer.status, 202, "{}", answer.body);
            });
        }
    });
    let status = fs::read_to_string(format!("/proc/{}/status", pager.id()));
    let status = status.expect("it still runs");
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
    let peak: u64 = peak.expect("a size").parse().expect("a number");
    assert!(peak < 120 << 10, "{peak} KiB");
}

#[test]
fn an_open_page_does_not_hold_up_the_stop() {
    let pager = Pager::start(&[]);
    let url = format!("http://{}/events", pager.address);
    let stream = ureq::get(&url).call().expect("a stream");
    let started = Instant::now();
    pager.signal("-TERM");
    let (code, log) = pager.0.end();
    assert_eq!(code, Some(0));
    assert!(!log.contains("did not end in time"), "{log}");
    // The container is killed after 10 s.
    assert!(started.elapsed() < Duration::from_secs(10));
    drop(stream);
}
