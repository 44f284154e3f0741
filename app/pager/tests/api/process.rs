//! The program itself: settings, exit codes, signals, the health check.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use ureq::Agent;

use crate::support::Client;

fn program() -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_pager"));
    program.env_clear().env("PAGER_ADDRESS", "127.0.0.1:0");
    program
}

/// The program, serving; killed when the test is over, if it still runs.
struct Process {
    child: Child,
    log: BufReader<ChildStdout>,
    address: SocketAddr,
}

impl Process {
    fn start() -> Self {
        let mut child = program()
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut log = BufReader::new(child.stdout.take().expect("piped"));
        let address = loop {
            let mut line = String::new();
            log.read_line(&mut line).expect("the log is text");
            let event: Value = serde_json::from_str(&line).expect("one JSON object a line");
            if event["message"] == "listening" {
                let address = event["address"].as_str().expect("a text");
                break address.parse().expect("an address");
            }
        };
        Self {
            child,
            log,
            address,
        }
    }

    fn terminate(&self) {
        // The shell's own `kill`: the program of that name is not on every machine.
        let sent = Command::new("sh")
            .args(["-c", &format!("kill -TERM {}", self.child.id())])
            .status()
            .expect("there is a shell");
        assert!(sent.success());
    }

    /// The exit code and the rest of the log.
    fn end(mut self) -> (Option<i32>, String) {
        let mut log = String::new();
        self.log.read_to_string(&mut log).expect("the log is text");
        (self.child.wait().expect("it ends").code(), log)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail when it has already ended, which is how it should be.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn output(program: &mut Command) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = program.output().expect("the program runs");
    (status.code(), String::from_utf8(stderr).expect("text"))
}

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
    let process = Process::start();
    let address = process.address.to_string();
    let check = || output(program().arg("healthcheck").env("PAGER_ADDRESS", &address));
    assert_eq!(check(), (Some(0), String::new()));
    process.terminate();
    assert_eq!(process.end().0, Some(0));
    assert_eq!(check().0, Some(1));
}

/// The largest that are accepted, and such as take the most memory when they are read. The container has 128 MiB.
#[cfg(target_os = "linux")]
#[test]
fn fifty_large_messages_at_once_leave_the_memory_bounded() {
    const LARGE: usize = 500 << 10;
    let process = Process::start();
    let client = Client::new(process.address);
    let key = "orderwatch0demo0routing0key00000";
    let event = |details: Value| {
        let payload =
            json!({"summary": "x", "source": "x", "severity": "info", "custom_details": details});
        json!({"routing_key": key, "event_action": "trigger", "payload": payload}).to_string()
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
            let (client, body) = (&client, &messages[i % messages.len()]);
            scope.spawn(move || {
                let answer = client.send("POST", "/pagerduty/v2/enqueue", "application/json", body);
                assert_eq!(answer.status, 202, "{}", answer.body);
            });
        }
    });
    let status = fs::read_to_string(format!("/proc/{}/status", process.child.id()));
    let status = status.expect("it still runs");
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
    let peak: u64 = peak.expect("a size").parse().expect("a number");
    assert!(peak < 120 << 10, "{peak} KiB");
}

#[test]
fn an_open_page_does_not_hold_up_the_stop() {
    let process = Process::start();
    let url = format!("http://{}/events", process.address);
    let agent: Agent = Agent::config_builder().build().into();
    let stream = agent.get(&url).call().expect("a stream");
    let started = Instant::now();
    process.terminate();
    let (code, log) = process.end();
    assert_eq!(code, Some(0));
    assert!(!log.contains("did not end in time"), "{log}");
    // The container is killed after 10 s.
    assert!(started.elapsed() < Duration::from_secs(10));
    drop(stream);
}
