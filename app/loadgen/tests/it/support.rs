//! Starts the program, mock targets and in-process runs for the other tests.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::Method;
use loadgen::engine::{Run, Running};
use loadgen::ledger::Totals;
use loadgen::report::Report;
use loadgen::scenario::{Load, Plan};
use loadgen::schedule::{Profile, Segment, Spacing, Stage};
use loadgen::target::{Addresses, Requests, Server, Target};
use mock_target::{Mock, Setup};
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

/// The program with a scenario and options, as one would type them, against `url`.
pub(crate) fn against(url: &str, typed: &str) -> Command {
    let mut command = loadgen(&["--target", url]);
    command.args(typed.split_whitespace());
    command
}

/// The same under way.
pub(crate) fn spawn(url: &str, typed: &str) -> Child {
    let child = against(url, typed).spawn();
    child.expect("the program was built for this test")
}

/// The same to its end; a busy machine must not make it invalid.
pub(crate) fn run(url: &str, typed: &str) -> Output {
    let output = against(url, typed).args(["--max-lag", "1h"]).output();
    output.expect("the program was built for this test")
}

/// The same with `--json`: exit code and summary.
pub(crate) fn report(url: &str, typed: &str) -> (i32, Report) {
    let output = run(url, &format!("{typed} --json"));
    (code(&output), parsed(&output))
}

/// A running mock target.
pub(crate) fn mock(setup: impl Into<Setup>) -> Mock {
    Mock::start(setup.into()).expect("a free port")
}

/// One that answers every request at once.
pub(crate) fn quick() -> Mock {
    mock(Setup::default())
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

/// Waits until the run says this on stderr; what is returned is to be kept until the run has ended.
pub(crate) fn wait_for(child: &mut Child, said: &str) -> BufReader<ChildStderr> {
    let mut lines = BufReader::new(child.stderr.take().expect("stderr is piped"));
    read_to(&mut lines, said);
    lines
}

/// Reads on until the line that contains this.
pub(crate) fn read_to(lines: &mut impl BufRead, said: &str) {
    let mut line = String::new();
    while !line.contains(said) {
        line.clear();
        let read = lines.read_line(&mut line).expect("stderr is text");
        assert!(read > 0, "the run ended before it said `{said}`");
    }
}

/// The first look at a run: its signal handlers are there and load is on the way.
pub(crate) const FIRST_LOOK: &str = "asked";

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

/// The same with one rate throughout.
pub(crate) fn flat(millis: u64, rate: f64) -> Plan {
    plan(&[(Duration::from_millis(millis), rate, rate)])
}

/// How an in-process run is made.
pub(crate) struct Setting {
    pub(crate) plan: Plan,
    pub(crate) connections: usize,
    pub(crate) timeout: Duration,
}

impl Setting {
    /// With a timeout that no test waits for.
    pub(crate) fn new(plan: Plan, connections: usize) -> Self {
        Self {
            plan,
            connections,
            timeout: Duration::from_secs(30),
        }
    }
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

/// A server on a port of its own that answers each head of a request, and keeps the connection.
pub(crate) fn serve(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    let answer = Arc::new(answer);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let answer = Arc::clone(&answer);
            std::thread::spawn(move || {
                let (mut buffer, mut chunk) = (Vec::new(), [0; 4096]);
                while let Ok(read @ 1..) = stream.read(&mut chunk) {
                    buffer.extend_from_slice(&chunk[..read]);
                    while let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                        let head: Vec<u8> = buffer.drain(..end + 4).collect();
                        let answer = answer(&String::from_utf8_lossy(&head));
                        if stream.write_all(&answer).is_err() {
                            return;
                        }
                    }
                }
            });
        }
    });
    url
}
