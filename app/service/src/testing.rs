//! Tests from outside: a service as a process, on a port of its own, and a client for it.

#![expect(
    missing_docs,
    reason = "names that a test reads aloud need no words beside them"
)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::ops::Deref;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::Value;
use ureq::Agent;
use ureq::http::{HeaderMap, Request};

/// How long a condition may take to come true; only a failing test waits this long.
const PATIENCE: Duration = Duration::from_mins(1);

/// A service that runs; killed when the test is over, if it still does.
pub struct Service {
    pub address: SocketAddr,
    client: Client,
    child: Child,
    /// What was logged until it listened.
    started: String,
    log: BufReader<ChildStdout>,
}

impl Service {
    /// Waits until it has logged that it listens, and where.
    pub fn start(program: &mut Command) -> Self {
        let mut child = program.stdout(Stdio::piped()).spawn().expect("it starts");
        let mut log = BufReader::new(child.stdout.take().expect("piped"));
        let mut started = String::new();
        let address = loop {
            let begin = started.len();
            log.read_line(&mut started).expect("the log is text");
            let event: Value = serde_json::from_str(&started[begin..]).expect("JSON lines");
            if event["message"] == "listening" {
                let address = event["address"].as_str().expect("a text");
                break address.parse().expect("an address");
            }
        };
        Self {
            address,
            client: Client::new(address),
            child,
            started,
            log,
        }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal, such as `-TERM`.
    pub fn signal(&self, signal: &str) {
        // The shell's own `kill`: the program of that name is not on every machine.
        let kill = format!("kill {signal} {}", self.child.id());
        let sent = Command::new("sh").args(["-c", &kill]).status();
        assert!(sent.expect("there is a shell").success());
    }

    /// The exit code and the whole log.
    pub fn end(mut self) -> (Option<i32>, String) {
        let mut log = std::mem::take(&mut self.started);
        self.log.read_to_string(&mut log).expect("the log is text");
        (self.child.wait().expect("it ends").code(), log)
    }
}

impl Deref for Service {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Both fail when it has already ended, which is how it should be.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a program to its end: the exit code, and what it wrote to standard error.
pub fn output(program: &mut Command) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = program.output().expect("it runs");
    (status.code(), String::from_utf8(stderr).expect("text"))
}

#[derive(Clone)]
pub struct Client {
    base: String,
    agent: Agent,
}

impl Client {
    fn new(address: SocketAddr) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .allow_non_standard_methods(true)
            .max_redirects(0)
            // A connection each: one that the service closes after an early answer would spoil the next request.
            .max_idle_connections(0)
            .timeout_global(Some(PATIENCE))
            .build();
        Self {
            base: format!("http://{address}"),
            agent: config.into(),
        }
    }

    pub fn get(&self, path: &str) -> Reply {
        self.send("GET", path, "")
    }

    pub fn post(&self, path: &str) -> Reply {
        self.send("POST", path, "")
    }

    pub fn post_json(&self, path: &str, body: &Value) -> Reply {
        self.send("POST", path, &body.to_string())
    }

    /// POST without a body, in a thread of its own, which ends with the status of the answer.
    pub fn post_aside(&self, path: &str) -> JoinHandle<u16> {
        let (client, path) = (self.clone(), path.to_owned());
        thread::spawn(move || client.post(&path).status)
    }

    /// Any method, with a body of JSON.
    pub fn send(&self, method: &str, path: &str, body: &str) -> Reply {
        self.send_with(method, path, body, &[("content-type", "application/json")])
    }

    pub fn send_with(
        &self,
        method: &str,
        path: &str,
        body: &str,
        headers: &[(&str, &str)],
    ) -> Reply {
        let url = format!("{}{path}", self.base);
        let mut request = Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.to_owned()).expect("a valid request");
        let mut answer = self.agent.run(request).expect("an answer");
        Reply {
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            body: answer.body_mut().read_to_string().expect("text"),
        }
    }

    /// Every sample of `/metrics`, by its name and labels as they stand there.
    pub fn samples(&self) -> BTreeMap<String, String> {
        let page = self.get("/metrics");
        assert_eq!(page.status, 200, "{}", page.body);
        let mut samples = BTreeMap::new();
        for line in page.body.lines().filter(|line| !line.starts_with('#')) {
            let (series, value) = line.rsplit_once(' ').expect("a series and its value");
            let twice = samples.insert(series.to_owned(), value.to_owned());
            assert_eq!(twice, None, "{series} is there twice");
        }
        samples
    }

    /// One sample of `/metrics`, as it stands there.
    pub fn sample(&self, series: &str) -> String {
        let mut samples = self.samples();
        let value = samples.remove(series);
        value.unwrap_or_else(|| panic!("{series} is not among {:#?}", samples.keys()))
    }

    pub fn number(&self, series: &str) -> f64 {
        self.sample(series).parse().expect("a number")
    }

    pub fn wait_for(&self, series: &str, value: &str) {
        wait_for(&format!("{series} {value}"), || {
            (self.sample(series) == value).then_some(())
        });
    }
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Reply {
    /// One header; empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default()
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.body))
    }

    /// The status, and the code of a problem.
    pub fn problem(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), "application/problem+json");
        let code = self.json()["code"].as_str().map(ToOwned::to_owned);
        (self.status, code.expect("a problem has a code"))
    }
}

/// An environment of these variables alone.
pub fn environment_of<'a>(
    settings: &'a [(&str, &str)],
) -> impl Fn(&str) -> Option<String> + use<'a> {
    |name| {
        let found = settings.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    }
}

pub fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(started.elapsed() < PATIENCE, "not in time: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}
