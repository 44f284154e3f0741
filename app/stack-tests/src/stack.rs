//! One stack: a compose project with a name and ports of its own, driven by the project's own scripts.

use std::net::TcpListener;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use stack_tests::repository;

use crate::http::Client;

/// Ports in `.env`, in the order in which they are handed out.
const PORTS: [&str; 4] = [
    "PROMETHEUS_PORT",
    "ALERTMANAGER_PORT",
    "GRAFANA_PORT",
    "ORDER_SERVICE_PORT",
];

/// How often a condition is looked at.
const POLL: Duration = Duration::from_millis(500);

/// A compose project.
pub(crate) struct Stack {
    pub(crate) project: &'static str,
    /// The first of three consecutive ports for replicas of order-service; the others are before it.
    port: u16,
    environment: Vec<(&'static str, String)>,
}

impl Stack {
    /// A project whose ports are free, looked for from `base` on.
    pub(crate) fn new(project: &'static str, base: u16) -> Self {
        let first = (base..base + 900).step_by(10).find(|first| free(*first, 6));
        let first = first.unwrap_or(base);
        let mut environment = vec![("COMPOSE_PROJECT_NAME", project.to_owned())];
        environment.extend(
            PORTS
                .into_iter()
                .zip((first..).map(|port| port.to_string())),
        );
        Self {
            project,
            port: first + 3,
            environment,
        }
    }

    pub(crate) fn order_service(&self) -> Client {
        Client::new(self.port)
    }

    pub(crate) fn prometheus(&self) -> Client {
        Client::new(self.port - 3)
    }

    pub(crate) fn alertmanager(&self) -> Client {
        Client::new(self.port - 2)
    }

    /// The ports for three replicas, as the compose file takes them.
    pub(crate) fn port_range(&self) -> String {
        format!("{}-{}", self.port, self.port + 2)
    }

    /// The port that a variable of `.env` has here.
    pub(crate) fn ports(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let named = self
            .environment
            .iter()
            .filter(|(name, _)| name.ends_with("_PORT"));
        named.map(|(name, port)| (*name, port.as_str()))
    }

    /// Runs a program in the stack's folder and environment, with more settings of its own.
    pub(crate) fn run(&self, words: &[&str], settings: &[(&str, &str)]) -> Result<Finished> {
        let (program, arguments) = words.split_first().context("a command")?;
        let output = Command::new(program)
            .args(arguments)
            .current_dir(repository::root())
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .envs(settings.iter().copied())
            .output()
            .with_context(|| words.join(" "))?;
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok(Finished {
            code: output.status.code(),
            output: format!("{stdout}{}", String::from_utf8_lossy(&output.stderr)),
            stdout,
        })
    }

    /// Runs `docker compose` for this project and expects it to succeed.
    pub(crate) fn compose(&self, arguments: &str) -> Result<String> {
        let words: Vec<_> = ["docker", "compose"]
            .into_iter()
            .chain(arguments.split(' '))
            .collect();
        let finished = self.run(&words, &[])?;
        ensure!(
            finished.code == Some(0),
            "docker compose {arguments}: {}",
            finished.output
        );
        Ok(finished.output)
    }
}

/// A program that has ended.
pub(crate) struct Finished {
    pub(crate) code: Option<i32>,
    /// Standard output.
    pub(crate) stdout: String,
    /// Both streams.
    pub(crate) output: String,
}

/// Waits until the condition holds, and says how long that took.
pub(crate) fn wait_until(
    what: &str,
    at_most: Duration,
    mut condition: impl FnMut() -> Result<bool>,
) -> Result<Duration> {
    let started = Instant::now();
    loop {
        // A server that restarts may not answer for a moment: only the deadline makes that a failure.
        let seen = condition();
        if matches!(seen, Ok(true)) {
            return Ok(started.elapsed());
        }
        if started.elapsed() > at_most {
            match seen {
                Err(failure) => return Err(failure.context(format!("waiting until {what}"))),
                Ok(_) => bail!("not within {} s: {what}", at_most.as_secs()),
            }
        }
        thread::sleep(POLL);
    }
}

fn free(first: u16, count: u16) -> bool {
    (first..first + count).all(|port| TcpListener::bind(("127.0.0.1", port)).is_ok())
}
