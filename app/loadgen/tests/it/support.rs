//! Starts the program and its targets for the other tests.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::sync::Arc;

use mock_target::{Mock, Setup};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// The program with these arguments, its output caught, in an environment that doesn't change its behaviour.
pub(crate) fn loadgen(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loadgen"));
    command
        .args(arguments)
        .env_remove("CI")
        .env_remove("NO_COLOR");
    command.stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
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
pub(crate) fn report(url: &str, typed: &str) -> (i32, Value) {
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
pub(crate) fn parsed(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("no report ({error}): {output:?}"))
}

/// Its exit code; a signal that killed it is a failure.
pub(crate) fn code(output: &Output) -> i32 {
    let code = output.status.code();
    code.unwrap_or_else(|| panic!("killed: {output:?}"))
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
