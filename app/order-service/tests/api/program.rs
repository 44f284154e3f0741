//! The program as a child process; a service in the test's own process: [`crate::support`].

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use serde_json::Value;

pub(crate) fn program() -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_order-service"));
    program
        .env_clear()
        .env("ORDER_ADDRESS", "127.0.0.1:0")
        .env("ORDER_SERVICE_TIME_MEDIAN_MS", "0");
    program
}

/// The program, serving; killed when the test is over, if it still runs.
pub(crate) struct Process {
    child: Child,
    /// What was logged until it listened.
    started: String,
    log: BufReader<ChildStdout>,
    pub(crate) address: SocketAddr,
}

impl Process {
    pub(crate) fn start(settings: &[(&str, &str)]) -> Self {
        let mut child = program()
            .envs(settings.iter().copied())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut log = BufReader::new(child.stdout.take().expect("piped"));
        let mut started = String::new();
        let address = loop {
            let begin = started.len();
            log.read_line(&mut started).expect("the log is text");
            let event: Value =
                serde_json::from_str(&started[begin..]).expect("one JSON object a line");
            if event["message"] == "listening" {
                let address = event["address"].as_str().expect("a text");
                break address.parse().expect("an address");
            }
        };
        Self {
            child,
            started,
            log,
            address,
        }
    }

    pub(crate) fn signal(&self, signal: &str) {
        // The shell's own `kill`: the program of that name is not on every machine.
        let sent = Command::new("sh")
            .args(["-c", &format!("kill {signal} {}", self.child.id())])
            .status()
            .expect("there is a shell");
        assert!(sent.success());
    }

    /// The exit code and the whole log.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        let mut log = std::mem::take(&mut self.started);
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

pub(crate) fn output(program: &mut Command) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = program.output().expect("the program runs");
    (status.code(), String::from_utf8(stderr).expect("text"))
}
