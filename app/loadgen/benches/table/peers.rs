//! Throughput beside others, in turns: `max` beside other load generators, and order-service beside other services.

use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use axum::routing::post;
use axum::{Json, Router};
use mock_target::{Mock, Setup};
use serde_json::json;

use crate::{Result, figure, loadgen, row};

/// How often each has its turn: single runs swing by a third on a small machine.
const ROUNDS: usize = 9;
const OHA: &[&str] = &["oha", "--no-tui", "-z", "4s", "-c", "64"];
const WRK: &[&str] = &["wrk", "-t", "2", "-c", "64", "-d", "4s"];

/// Compares `max` with oha and wrk, and returns its own rate.
pub(crate) fn tools() -> Result<f64> {
    let mock = Mock::start(Setup::default())?;
    let url = mock.url();
    let (mut own, mut oha, mut wrk) = (Rates::default(), Rates::default(), Rates::default());
    for _ in 0..ROUNDS {
        let report = loadgen(&url, "max --connections 64 --duration 4s")?;
        own.0.push(figure(&report, "/answers_per_second")?);
        oha.0.extend(rate(OHA, &url)?);
        wrk.0.extend(rate(WRK, &url)?);
    }
    own.compare("max, 64 connections", "oha", &oha, 1.1);
    own.compare("max, 64 connections", "wrk", &wrk, 0.9);
    Ok(own.median())
}

/// Requests per second as the tool prints them; `None` when it isn't installed.
fn rate(command: &[&str], url: &str) -> Result<Option<f64>> {
    let output = Command::new(command[0])
        .args(&command[1..])
        .arg(url)
        .output();
    let output = match output {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        output => output?,
    };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if text.contains("Non-2xx") {
        return Err(format!("not all answers were good: {text}").into());
    }
    let mut lines = text.lines();
    let rate = lines.find_map(|line| {
        line.trim()
            .strip_prefix("Requests/sec:")?
            .trim()
            .parse()
            .ok()
    });
    rate.map(Some)
        .ok_or_else(|| format!("{} printed no rate: {text}", command[0]).into())
}

/// Compares order-service without service time with a bare axum handler of the same answer, and with
/// `FastAPI` if there is one.
pub(crate) fn services() -> Result<()> {
    let order_service = Service::start("BENCH_ORDER_SERVICE")?.ok_or("not built")?;
    let fast_api = Service::start("BENCH_FASTAPI")?;
    let axum = bare_axum()?;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/table/post.lua");
    let wrk = [WRK, &["-s", script]].concat();
    let rate = |port: u16| rate(&wrk, &format!("http://127.0.0.1:{port}/orders"));
    let (mut own, mut bare, mut python) = (Rates::default(), Rates::default(), Rates::default());
    for _ in 0..ROUNDS {
        own.0.extend(rate(order_service.port)?);
        bare.0.extend(rate(axum)?);
        if let Some(fast_api) = &fast_api {
            python.0.extend(rate(fast_api.port)?);
        }
    }
    let what = "order-service without service time, 64 connections of wrk";
    own.compare(what, "a bare axum handler", &bare, 0.7);
    own.compare(what, "FastAPI with OpenTelemetry", &python, 15.0);
    Ok(())
}

/// Serves the answer of an order until the bench ends, and returns its port.
fn bare_axum() -> Result<u16> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))?;
    let port = listener.local_addr()?.port();
    let answer = || async {
        let id = "6d1f5531-e11b-4e67-87d5-489f08bca1e9";
        Json(json!({"id": id, "status": "success", "duration_seconds": 0.000_012_345}))
    };
    let app = Router::new().route("/orders", post(answer));
    std::thread::spawn(move || runtime.block_on(async { axum::serve(listener, app).await }));
    Ok(port)
}

/// A service in a process of its own; ends with it.
struct Service {
    process: Child,
    port: u16,
}

impl Service {
    /// Starts the program that the variable names, and waits until it accepts connections; `None` where it names none.
    fn start(variable: &str) -> Result<Option<Self>> {
        let Ok(program) = std::env::var(variable) else {
            return Ok(None);
        };
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let mut words = program.split_whitespace();
        let process = Command::new(words.next().ok_or("no program")?)
            .args(words)
            .env("PORT", address.port().to_string())
            .env("ORDER_ADDRESS", address.to_string())
            .env("ORDER_SERVICE_TIME_MEDIAN_MS", "0")
            .env("LOG_FILTER", "warn")
            .spawn()?;
        let service = Self {
            process,
            port: address.port(),
        };
        let start = Instant::now();
        while TcpStream::connect(address).is_err() {
            if start.elapsed() > Duration::from_secs(20) {
                return Err(format!("{program} does not listen on {address}").into());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(Some(service))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _gone_either_way = self.process.kill().and_then(|()| self.process.wait());
    }
}

/// Requests per second, a figure for each round.
#[derive(Default)]
struct Rates(Vec<f64>);

impl Rates {
    /// A row: both medians with their spread, and the ratio of the medians.
    fn compare(&self, what: &str, other: &str, theirs: &Self, wanted: f64) {
        if theirs.0.is_empty() {
            println!(
                "| {what}, against {other} | {self}; {other} is not installed | - | not measured |"
            );
            return;
        }
        let ratio = self.median() / theirs.median();
        row(
            &format!("{what}, against {other}, medians of {ROUNDS} rounds"),
            &format!("{self}, {ratio:.2} of it"),
            &format!("at least {wanted} of {theirs}"),
            ratio >= wanted,
        );
    }

    fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted
    }

    fn median(&self) -> f64 {
        self.sorted()[self.0.len() / 2]
    }
}

impl std::fmt::Display for Rates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sorted = self.sorted();
        let (lowest, highest) = (sorted[0], sorted[sorted.len() - 1]);
        write!(f, "{:.0}/s ({lowest:.0} to {highest:.0})", self.median())
    }
}
