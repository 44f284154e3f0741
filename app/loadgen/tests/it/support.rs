//! Starts the program, mock targets and in-process runs for the other tests.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::Method;
use loadgen::engine::{Run, Running};
use loadgen::ledger::Totals;
use loadgen::report::Report;
use loadgen::scenario::{Load, Plan};
use loadgen::schedule::{Profile, Segment, Spacing, Stage};
use loadgen::target::{Addresses, Requests, Server, Target};
use mock_target::Mock;
use rustix::process::{Pid, Signal, kill_process};

/// The program with these arguments, its output caught, in an environment that doesn't change its behaviour.
pub(crate) fn loadgen(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loadgen"));
    command
        .args(arguments)
        .env_remove("CI")
        .env_remove("NO_COLOR");
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs `scenario` against `url` to its end; a busy machine must not make it invalid.
pub(crate) fn run(scenario: &str, url: &str, more: &[&str]) -> Output {
    let mut arguments = vec![scenario, "--target", url, "--max-lag", "1h"];
    arguments.extend(more);
    loadgen(&arguments)
        .output()
        .expect("the program was built for this test")
}

/// Runs with `--json` and reads the summary.
pub(crate) fn report(scenario: &str, url: &str, more: &[&str]) -> (i32, Report) {
    let mut arguments = vec!["--json"];
    arguments.extend(more);
    let output = run(scenario, url, &arguments);
    (code(&output), parsed(&output))
}

/// The summary on stdout.
pub(crate) fn parsed(output: &Output) -> Report {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("no report ({error}): {output:?}"))
}

/// Its exit code; a signal that killed it is a failure.
pub(crate) fn code(output: &Output) -> i32 {
    output
        .status
        .code()
        .unwrap_or_else(|| panic!("killed: {output:?}"))
}

/// What it said on stderr.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Sends a signal to a child.
pub(crate) fn send(child: &Child, signal: Signal) {
    let pid = Pid::from_child(child);
    kill_process(pid, signal).expect("the child was not waited for yet");
}

/// Waits until the run shows its first line, so that its signal handlers are there and load is on the way.
pub(crate) fn wait_for_first_look(child: &mut Child) -> BufReader<std::process::ChildStderr> {
    let mut lines = BufReader::new(child.stderr.take().expect("stderr is piped"));
    let mut line = String::new();
    while !line.contains("asked") {
        line.clear();
        let read = lines.read_line(&mut line).expect("stderr is text");
        assert!(read > 0, "the run ended before it began");
    }
    lines
}

/// An open-loop plan of one stage.
pub(crate) fn plan(segments: &[(Duration, f64, f64)]) -> Plan {
    let segments = segments.iter().map(|&(duration, from, to)| Segment {
        stage: 0,
        duration,
        from,
        to,
    });
    Plan {
        stages: vec![Stage {
            name: "test".into(),
            fault: None,
        }],
        load: Load::Open(Arc::new(Profile::new(segments))),
    }
}

/// How an in-process run is made.
pub(crate) struct Setting {
    pub(crate) plan: Plan,
    pub(crate) connections: usize,
    pub(crate) timeout: Duration,
}

/// The moment of the schedule's zero, or a little before it.
pub(crate) fn start_of(running: &Running) -> Instant {
    while running.now().is_zero() {
        std::thread::yield_now();
    }
    let now = Instant::now();
    now.checked_sub(running.now())
        .expect("the machine runs for longer than this test")
}

/// Starts a run against a mock, does something while it runs, and returns its accounts.
pub(crate) fn run_in_process(
    mock: &Mock,
    setting: Setting,
    meanwhile: impl FnOnce(&Running),
) -> Totals {
    run_against(fixed(vec![mock.address]), setting, meanwhile)
}

/// Addresses of a target whose name nobody knows.
pub(crate) fn fixed(known: Vec<SocketAddr>) -> Addresses {
    Addresses::new(known, || Err(std::io::ErrorKind::NotFound.into()))
}

/// The same against these addresses of one target.
pub(crate) fn run_against(
    addresses: Addresses,
    setting: Setting,
    meanwhile: impl FnOnce(&Running),
) -> Totals {
    let server = Server::parse("http://target:8000").expect("a URL");
    let requests = Requests::new(&server, &Method::POST, &"/orders".parse().expect("a path"))
        .expect("valid requests");
    let run = Run {
        plan: setting.plan,
        target: Target {
            addresses,
            requests,
        },
        connections: setting.connections,
        threads: 2,
        timeout: setting.timeout,
        spacing: Spacing::Even,
        seed: 1,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let mut running = run.launch().await.expect("threads can be started");
        meanwhile(&running);
        running.finished().await.expect("the run has a result")
    })
}
