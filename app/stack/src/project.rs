//! One stack: a compose project with a name and ports of its own, driven by the project's own scripts.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread;
use std::time::{Duration, Instant};
use std::{env, fs};

use crate::repository;
use anyhow::{Context, Result, bail, ensure};

use crate::http::Client;

/// The port variables of `.env`, in the order in which ports are assigned. Replicas of order-service get the ports after the last.
const PORTS: [&str; 5] = [
    "PROMETHEUS_PORT",
    "ALERTMANAGER_PORT",
    "GRAFANA_PORT",
    "PAGER_PORT",
    "ORDER_SERVICE_PORT",
];

/// The host in the links of a stack under test: on loopback, but not the one of `.env`.
const PUBLIC_HOST: &str = "127.0.0.1";

/// The longest that one program may take; all drills together take the most. An engine that hangs must not hang the tests.
const DEADLINE: &str = "2h";

/// How often a condition is checked.
const POLL: Duration = Duration::from_millis(500);

/// A compose project.
pub struct Stack {
    /// Its name.
    pub project: String,
    /// By the names of [`PORTS`].
    ports: Vec<(&'static str, u16)>,
    /// The host in its links.
    public_host: String,
    /// The checkout whose scripts and files it uses.
    root: PathBuf,
}

impl Stack {
    /// A project on ports that are free, searched from `base` upwards.
    pub fn new(project: &str, base: u16) -> Self {
        let first = (base..base + 900).step_by(10).find(|first| free(*first, 7));
        Self {
            project: project.to_owned(),
            ports: PORTS.into_iter().zip(first.unwrap_or(base)..).collect(),
            public_host: PUBLIC_HOST.to_owned(),
            root: repository::root(),
        }
    }

    /// Moves the stack to a copy of the checkout, uncommitted changes included: what is edited there is no other stack's file.
    pub fn move_to_a_copy(&mut self) -> Result<String> {
        let copy = env::temp_dir().join(&self.project);
        if copy.exists() {
            fs::remove_dir_all(&copy)?;
        }
        fs::create_dir_all(&copy)?;
        // What is built here is not copied, nor is the history.
        let copy_all = "tar -c --exclude=./.git --exclude=./app/target --exclude=node_modules . | tar -xp -C \"$0\"";
        let mut bash = Command::new("bash");
        bash.args(["-o", "pipefail", "-c", copy_all]).arg(&copy);
        let copied = bash.current_dir(&self.root).status()?;
        let path = copy.display().to_string();
        ensure!(copied.success(), "nothing was copied to {path}");
        self.root = copy;
        Ok(path)
    }

    /// The stack that `scripts/up` starts from this checkout, with the settings of the environment and of `.env`.
    pub fn of_this_checkout() -> Result<Self> {
        let set = |name: &str| setting(name).ok().filter(|value| !value.is_empty());
        let port = |name: &'static str| {
            let value = set(name).with_context(|| format!("{name} is not set"))?;
            let first = value.split('-').next().unwrap_or_default().parse();
            let port = first.with_context(|| format!("{name}={value} is not a port"))?;
            Ok((name, port))
        };
        // Compose would say the name of the file that it fills settings in with.
        let project = env::var("COMPOSE_PROJECT_NAME").ok();
        let project = project.or_else(|| repository::dot_env().remove("COMPOSE_PROJECT_NAME"));
        let project = project.filter(|name| !name.is_empty());
        Ok(Self {
            project: project.unwrap_or_else(|| "orderwatch".to_owned()),
            ports: PORTS.into_iter().map(port).collect::<Result<_>>()?,
            public_host: set("PUBLIC_HOST").context("PUBLIC_HOST is not set")?,
            root: repository::root(),
        })
    }

    /// The checkout whose scripts and files it uses.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A client for the first replica of order-service.
    pub fn order_service(&self) -> Client {
        Client::new(self.port("ORDER_SERVICE_PORT"))
    }

    /// A client for Prometheus.
    pub fn prometheus(&self) -> Client {
        Client::new(self.port("PROMETHEUS_PORT"))
    }

    /// A client for Alertmanager.
    pub fn alertmanager(&self) -> Client {
        Client::new(self.port("ALERTMANAGER_PORT"))
    }

    /// Whether Grafana is a service of this stack: without an image registry there is none.
    pub fn has_grafana(&self) -> Result<bool> {
        let services = self.compose("config --services")?;
        Ok(services.lines().any(|service| service == "grafana"))
    }

    /// Whether the viewer of Grafana's dashboards is a service of this stack, in Grafana's place.
    pub fn has_viewer(&self) -> Result<bool> {
        let services = self.compose("config --services")?;
        Ok(services.lines().any(|service| service == "dashboards"))
    }

    /// A client for Grafana, or for the viewer in its place, if the stack has one.
    pub fn grafana(&self) -> Client {
        Client::new(self.port("GRAFANA_PORT"))
    }

    /// A client for pager.
    pub fn pager(&self) -> Client {
        Client::new(self.port("PAGER_PORT"))
    }

    /// The ports for three replicas, as the compose file takes them.
    pub fn port_range(&self) -> String {
        let first = self.port("ORDER_SERVICE_PORT");
        format!("{first}-{}", first + 2)
    }

    /// The port variables of `.env` and their values in this stack.
    pub fn ports(&self) -> &[(&'static str, u16)] {
        &self.ports
    }

    /// The host in its links.
    pub fn public_host(&self) -> &str {
        &self.public_host
    }

    /// What its links to a service begin with; services go by the names of their port variables.
    pub fn public_url(&self, name: &str) -> String {
        format!("http://{}:{}", self.public_host, self.port(name))
    }

    fn port(&self, name: &str) -> u16 {
        let named = self.ports.iter().find(|(found, _)| *found == name);
        named.expect("every port of PORTS is set").1
    }

    /// A command in the stack's folder and environment, with additional settings.
    pub fn command(&self, words: &[&str], settings: &[(&str, &str)]) -> Result<Command> {
        let (program, arguments) = words.split_first().context("a command")?;
        let ports = self.ports.iter();
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(&self.root)
            .env("ORDERWATCH_DIRECTORY", &self.root)
            .env("COMPOSE_PROJECT_NAME", &self.project)
            .env("PUBLIC_HOST", &self.public_host)
            .envs(ports.map(|(name, port)| (name, port.to_string())))
            .envs(settings.iter().copied());
        Ok(command)
    }

    /// Runs a program in the stack's folder and environment, with more settings of its own. One that takes too long is ended,
    /// with exit code 124.
    pub fn run(&self, words: &[&str], settings: &[(&str, &str)]) -> Result<Finished> {
        let bounded = ["timeout", "--foreground", "--kill-after=10s", DEADLINE];
        let mut command = self.command(&[&bounded, words].concat(), settings)?;
        let output = command.output().with_context(|| words.join(" "))?;
        Ok(output.into())
    }

    /// Runs `docker compose` for this project and expects it to succeed.
    pub fn compose(&self, arguments: &str) -> Result<String> {
        let words: Vec<_> = ["docker", "compose"]
            .into_iter()
            .chain(arguments.split(' '))
            .collect();
        let finished = self.run(&words, &[])?.success();
        let finished = finished.with_context(|| format!("docker compose {arguments}"))?;
        Ok(finished.output)
    }
}

/// The result of a program.
pub struct Finished {
    /// Its exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Both streams.
    pub output: String,
}

impl Finished {
    /// An error with what it printed, unless it has exit code 0.
    pub fn success(self) -> Result<Self> {
        let Self { code, output, .. } = &self;
        ensure!(*code == Some(0), "exit {code:?}: {output}");
        Ok(self)
    }
}

impl From<Output> for Finished {
    fn from(output: Output) -> Self {
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        Self {
            code: output.status.code(),
            output: format!("{stdout}{}", String::from_utf8_lossy(&output.stderr)),
            stdout,
        }
    }
}

/// Waits until the condition holds, and says how long that took.
pub fn wait_until(
    what: &str,
    at_most: Duration,
    condition: impl FnMut() -> Result<bool>,
) -> Result<Duration> {
    let pause = || {
        thread::sleep(POLL);
        Ok(())
    };
    wait_with(what, at_most, pause, condition)
}

/// The same with a pause of one's own between two looks; it can give up.
pub fn wait_with(
    what: &str,
    at_most: Duration,
    pause: impl Fn() -> Result<()>,
    mut condition: impl FnMut() -> Result<bool>,
) -> Result<Duration> {
    let started = Instant::now();
    loop {
        // A server that restarts may not answer for a moment: this is a failure only once the deadline is over.
        let seen = condition();
        if matches!(seen, Ok(true)) {
            return Ok(started.elapsed());
        }
        if started.elapsed() > at_most {
            seen.with_context(|| format!("waiting until {what}"))?;
            bail!("not within {} s: {what}", at_most.as_secs());
        }
        pause()?;
    }
}

/// A setting as Docker Compose reads it, from the environment or else from `.env`.
fn setting(name: &str) -> Result<String> {
    let mut bash = Command::new("bash");
    bash.args(["-c", ". scripts/lib.sh; setting \"$0\"", name]);
    let output = bash.current_dir(repository::root()).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.trim_end_matches('\n').to_owned())
}

fn free(first: u16, count: u16) -> bool {
    (first..first + count).all(|port| TcpListener::bind(("127.0.0.1", port)).is_ok())
}
