//! Whoever stops and starts services: asked on standard error, answers on standard input.
//!
//! A line `do: docker compose stop SERVICE` asks, `done` says that it has happened, anything else that it can't.

use std::io::{BufRead, stdin};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

#[derive(Debug)]
pub(crate) struct Operator {
    answers: Receiver<String>,
    /// What was stopped and not started again.
    stopped: Vec<String>,
}

/// How a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    None,
    Done,
    Failed,
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

    pub(crate) fn answer(&mut self) -> Answer {
        self.wait(Duration::ZERO)
    }

    fn wait(&mut self, patience: Duration) -> Answer {
        match self.answers.recv_timeout(patience) {
            Ok(line) if line.trim() == "done" => Answer::Done,
            Ok(_) | Err(RecvTimeoutError::Disconnected) => Answer::Failed,
            Err(RecvTimeoutError::Timeout) => Answer::None,
        }
    }

    /// Has everything started again that was stopped.
    pub(crate) fn start_all(&mut self, patience: Duration) {
        while let Some(service) = self.stopped.pop() {
            self.ask(&service, false);
            self.wait(patience);
        }
    }
}
