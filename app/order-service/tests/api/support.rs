//! A running service and a client for it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::SocketAddr;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use order_service::config::Config;
use order_service::server::Server;
use serde_json::Value;
use service::server::Limits;
use tokio::sync::oneshot;
use ureq::Agent;
use ureq::http::{HeaderMap, Response};

/// How long a condition may take to come true; only a failing test waits this long.
const PATIENCE: Duration = Duration::from_secs(20);

/// A service in this process, on a port of its own. Drained when dropped.
pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    pub(crate) client: Client,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Service {
    /// Starts with these settings; unless told otherwise, orders take no time.
    pub(crate) fn start(settings: &[(&str, &str)]) -> Self {
        Self::start_within(Limits::DEFAULT, settings)
    }

    /// The same, with other limits on what clients may hold.
    pub(crate) fn start_within(limits: Limits, settings: &[(&str, &str)]) -> Self {
        let mut all = HashMap::from([
            ("ORDER_ADDRESS", "127.0.0.1:0"),
            ("ORDER_SERVICE_TIME_MEDIAN_MS", "0"),
        ]);
        all.extend(settings.iter().copied());
        let mut config = Config::from_lookup(|name| all.get(name).map(|value| (*value).to_owned()))
            .expect("the settings are valid");
        config.limits = limits;
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let server = runtime
            .block_on(Server::build(config))
            .expect("port 0 is always free");
        let address = server.address();
        let (stop, stopped) = oneshot::channel();
        let thread = thread::spawn(move || {
            runtime
                .block_on(server.run(async {
                    // An error means that the test is over, which is a reason to stop as well.
                    let _ = stopped.await;
                }))
                .expect("the listener works");
        });
        Self {
            address,
            client: Client::new(address),
            stop: Some(stop),
            thread: Some(thread),
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.stop = None;
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(
            thread::panicking() || matches!(ended, Some(Ok(()))),
            "the service ended with a panic"
        );
    }
}

/// Speaks HTTP to one service.
#[derive(Clone)]
pub(crate) struct Client {
    base: String,
    agent: Agent,
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .allow_non_standard_methods(true)
            // A connection each: one that the service closes after an early answer would spoil the next request.
            .max_idle_connections(0)
            .timeout_global(Some(Duration::from_secs(30)))
            .build();
        Self {
            base: format!("http://{address}"),
            agent: config.into(),
        }
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.send("GET", path, "")
    }

    pub(crate) fn post(&self, path: &str) -> Reply {
        self.send("POST", path, "")
    }

    pub(crate) fn send(&self, method: &str, path: &str, body: &'static str) -> Reply {
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .body(body)
            .expect("a valid request");
        let answer = self.agent.run(request).expect("an answer");
        Reply::from(answer)
    }

    /// Every sample of `/metrics`, by its name and labels as they stand there.
    pub(crate) fn samples(&self) -> BTreeMap<String, f64> {
        let page = self.get("/metrics");
        assert_eq!(page.status, 200, "{}", page.body);
        samples(&page.body)
    }

    /// What `/metrics` names, without the values.
    pub(crate) fn series(&self) -> BTreeSet<String> {
        self.samples().into_keys().collect()
    }

    /// One sample of `/metrics`.
    pub(crate) fn sample(&self, series: &str) -> f64 {
        let samples = self.samples();
        *samples
            .get(series)
            .unwrap_or_else(|| panic!("{series} is not among {:#?}", samples.keys()))
    }

    /// Waits until a sample has this value.
    pub(crate) fn wait_for(&self, series: &str, value: f64) {
        let started = Instant::now();
        loop {
            let found = self.sample(series);
            if (found - value).abs() < f64::EPSILON {
                return;
            }
            assert!(
                started.elapsed() < PATIENCE,
                "{series} is {found} and not yet {value}"
            );
        }
    }
}

/// An answer, read to its end.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.body))
    }
}

impl From<Response<ureq::Body>> for Reply {
    fn from(mut answer: Response<ureq::Body>) -> Self {
        Self {
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            body: answer.body_mut().read_to_string().expect("a readable body"),
        }
    }
}

/// The samples of a page in the Prometheus text format.
pub(crate) fn samples(page: &str) -> BTreeMap<String, f64> {
    page.lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let (series, value) = line.rsplit_once(' ').expect("a series and its value");
            (series.to_owned(), value.parse().expect("a number"))
        })
        .collect()
}
