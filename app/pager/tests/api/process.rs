//! The program itself: its memory. Settings, exit codes and the health check are what order-service has, too.

use std::{fs, thread};

use serde_json::{Value, json};

use crate::support::{KEY, Pager};

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
