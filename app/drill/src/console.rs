//! Standard error says what goes on, and asks for services to be stopped and started; standard input answers.

use std::io::{BufRead, stdin};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

/// How often the same is said again.
const AGAIN: Duration = Duration::from_secs(30);

/// What was said last, and when.
#[derive(Debug, Default)]
pub(crate) struct Progress(Option<(String, Instant)>);

impl Progress {
    pub(crate) fn say(&mut self, what: &str, line: &str) {
        let said = self.0.as_ref();
        if said.is_none_or(|(own, at)| own != what || at.elapsed() > AGAIN) {
            eprintln!("{line}");
            self.0 = Some((what.into(), Instant::now()));
        }
    }
}

/// Whoever stops and starts services: `do: docker compose stop SERVICE` asks, `done` says that it has happened, anything else
/// that it can't.
pub(crate) struct Operator {
    answers: Receiver<String>,
    /// What was stopped and not started again.
    stopped: Vec<String>,
}

impl Operator {
    pub(crate) fn new() -> Self {
        let (sender, answers) = mpsc::channel();
        std::thread::spawn(move || {
            let mut lines = stdin().lock().lines().map_while(Result::ok);
            lines.try_for_each(|line| sender.send(line))
        });
        let stopped = Vec::new();
        Self { answers, stopped }
    }

    pub(crate) fn ask(&mut self, service: &str, is_stop: bool) {
        let word = if is_stop { "stop" } else { "start" };
        self.stopped.retain(|own| own != service);
        if is_stop {
            self.stopped.push(service.into());
        }
        eprintln!("do: docker compose {word} {service}");
    }

    /// Whether it has been done; `None` without an answer in that time.
    pub(crate) fn answer(&self, patience: Duration) -> Option<bool> {
        match self.answers.recv_timeout(patience) {
            Err(RecvTimeoutError::Timeout) => None,
            line => Some(line.is_ok_and(|line| line.trim() == "done")),
        }
    }

    /// Has everything started again that was stopped.
    pub(crate) fn start_all(&mut self, patience: Duration) {
        while let Some(service) = self.stopped.pop() {
            self.ask(&service, false);
            self.answer(patience);
        }
    }
}
