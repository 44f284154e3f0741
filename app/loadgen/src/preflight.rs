//! Before the load: where the target is, whether it is ready, and whether Prometheus has scraped it.
//!
//! A burst before the first scrape is invisible to `rate()`, which needs a sample from before it.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use hyper::{Method, StatusCode};
use thiserror::Error;
use tokio::time::{Instant, sleep, timeout};

use crate::http::{Connection, Failure};
use crate::target::{Addresses, Request, Server};

/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(250);
/// For one answer, from connecting to its last byte.
const TIMEOUT: Duration = Duration::from_secs(2);
/// Prometheus' own clock: it may differ from this machine's.
const NOW: &str = "/api/v1/query?query=time()";
/// `max(timestamp(up{job="order-service"}) and up{job="order-service"} == 1)`: when the target was last scraped while up.
const LAST_SCRAPE: &str = "/api/v1/query?query=max(timestamp(up%7Bjob=%22order-service%22%7D)\
     %20and%20up%7Bjob=%22order-service%22%7D%20==%201)";

/// The stack's servers, inside the compose network or on its host.
#[derive(Debug)]
pub(crate) struct Stack {
    pub(crate) order_service: Server,
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) prometheus: Server,
    /// Set if no name of the compose network is known here.
    pub(crate) note: Option<String>,
}

/// A server's name has no address.
#[derive(Debug, Error)]
#[error("cannot find {url}: {cause}")]
pub struct UnknownHost {
    pub(crate) url: String,
    pub(crate) cause: io::Error,
}

impl Stack {
    /// Looks for the names of the compose network, and at this host if none of them is known.
    pub(crate) async fn find() -> Result<Self, UnknownHost> {
        Self::find_by(Server::resolve).await
    }

    async fn find_by(
        resolve: impl AsyncFn(&Server) -> io::Result<Vec<SocketAddr>>,
    ) -> Result<Self, UnknownHost> {
        let at = |host: &str, port: u16| {
            let server = Server::parse(&format!("http://{host}:{port}"));
            server.expect("hosts and ports are constants")
        };
        let [order_service, local] = ["order-service", "127.0.0.1"].map(|host| at(host, 8000));
        let [prometheus, local_prometheus] = ["prometheus", "127.0.0.1"].map(|host| at(host, 9090));
        let url = order_service.url();
        let cause = match resolve(&order_service).await {
            Ok(addresses) => {
                return Ok(Self {
                    order_service,
                    addresses,
                    prometheus,
                    note: None,
                });
            }
            Err(cause) => cause,
        };
        // The network's other names are known: order-service is stopped, not elsewhere.
        if resolve(&prometheus).await.is_ok() {
            return Err(UnknownHost { url, cause });
        }
        let note = format!(
            "none of the stack's names is known here ({url}: {cause}), so it is looked for at {}",
            local.url()
        );
        let addresses = resolve(&local).await;
        let url = local.url();
        Ok(Self {
            order_service: local,
            addresses: addresses.map_err(|cause| UnknownHost { url, cause })?,
            prometheus: local_prometheus,
            note: Some(note),
        })
    }
}

/// Why the load can't start yet.
#[derive(Debug, Error)]
enum NotYet {
    #[error(transparent)]
    UnknownHost(#[from] io::Error),
    #[error(transparent)]
    Http(#[from] Failure),
    #[error("no answer within {TIMEOUT:?}")]
    Timeout,
    #[error("it answers {path} with {status}")]
    Status {
        path: &'static str,
        status: StatusCode,
    },
    #[error("it has not scraped job `order-service` since")]
    NotScraped,
}

impl NotYet {
    /// Whether waiting may help: a redirect, a refusal or "not implemented" stays what it is.
    fn is_temporary(&self) -> bool {
        match self {
            Self::Status { status, .. } => {
                status.is_server_error() && *status != StatusCode::NOT_IMPLEMENTED
                    || *status == StatusCode::TOO_MANY_REQUESTS
            }
            _ => true,
        }
    }
}

/// What is not ready, why, and what to do.
#[derive(Debug, Error)]
#[error("{what} (waited {waited:.0?}): {cause}; {advice}")]
pub(crate) struct NotReady {
    what: String,
    waited: Duration,
    cause: NotYet,
    advice: &'static str,
}

/// Waits until `/ready` says so at each address, and returns those that are ready. A target without `/ready` is ready when it
/// answers. Once one address is ready, those that take no connection are not waited for.
pub(crate) async fn wait_for_target(
    server: &Server,
    addresses: &[SocketAddr],
    wait: Duration,
) -> Result<Vec<SocketAddr>, NotReady> {
    let start = Instant::now();
    let mut ready = Vec::new();
    let waited = retry(wait, async || {
        ready.clear();
        let (mut down, mut not_yet) = (None, None);
        for &address in addresses {
            match is_ready(server, address).await {
                Ok(()) => ready.push(address),
                Err(cause)
                    if matches!(cause, NotYet::Http(Failure::Connect(_)))
                        || !cause.is_temporary() =>
                {
                    down = Some(cause);
                }
                Err(cause) => not_yet = Some(cause),
            }
        }
        let down = down.filter(|_| ready.is_empty());
        not_yet.or(down).map_or(Ok(()), Err)
    });
    match waited.await {
        Err(cause) if ready.is_empty() => Err(NotReady {
            what: format!("{} is not ready", server.url()),
            waited: start.elapsed(),
            advice: match cause {
                NotYet::Status { .. } => "--wait 0s starts without asking",
                _ => "is it started? (docker compose up)",
            },
            cause,
        }),
        _ => Ok(ready),
    }
}

async fn is_ready(server: &Server, address: SocketAddr) -> Result<(), NotYet> {
    let path = "/ready";
    match get(server, vec![address], path).await?.0 {
        status if status.is_success() => Ok(()),
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => Ok(()),
        status => Err(NotYet::Status { path, status }),
    }
}

/// Waits until Prometheus has a sample of the target that is newer than this call: a scrape of what runs now.
pub(crate) async fn wait_for_scrape(prometheus: &Server, wait: Duration) -> Result<(), NotReady> {
    let start = Instant::now();
    let mut since = None;
    let waited = retry(wait, async || {
        let since = match since {
            Some(since) => since,
            None => *since.insert(query(prometheus, NOW).await?),
        };
        if query(prometheus, LAST_SCRAPE).await? >= since {
            Ok(())
        } else {
            Err(NotYet::NotScraped)
        }
    });
    waited.await.map_err(|cause| NotReady {
        what: format!("Prometheus at {} has not seen the target", prometheus.url()),
        waited: start.elapsed(),
        cause,
        advice: "--no-wait-scrape starts without it",
    })
}

/// The value of an instant query: a scalar, or a vector of one.
async fn query(prometheus: &Server, path: &str) -> Result<f64, NotYet> {
    let addresses = prometheus.resolve().await?;
    let (status, body) = get(prometheus, addresses, path).await?;
    if !status.is_success() {
        let path = "/api/v1/query";
        return Err(NotYet::Status { path, status });
    }
    let answer: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    let value = ["/data/result/0/value/1", "/data/result/1"]
        .into_iter()
        .find_map(|at| answer.pointer(at)?.as_str()?.parse().ok());
    value.ok_or(NotYet::NotScraped)
}

/// One answer on a connection of its own, to the first of these addresses that accepts one.
async fn get(
    server: &Server,
    addresses: Vec<SocketAddr>,
    path: &str,
) -> Result<(StatusCode, Vec<u8>), NotYet> {
    let connection = Connection::new(Addresses::new(server, addresses), 0);
    let request = Request::new(server, &Method::GET, path);
    let answer = timeout(TIMEOUT, connection.fetch(&request)).await;
    Ok(answer.map_err(|_| NotYet::Timeout)??)
}

/// Tries until it succeeds or fails for good, or until the time is up.
async fn retry(
    wait: Duration,
    mut attempt: impl AsyncFnMut() -> Result<(), NotYet>,
) -> Result<(), NotYet> {
    let end = Instant::now() + wait;
    loop {
        match attempt().await {
            Ok(()) => return Ok(()),
            Err(cause) if !cause.is_temporary() || Instant::now() + PAUSE > end => {
                return Err(cause);
            }
            Err(_) => sleep(PAUSE).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::net::SocketAddr;
    use std::time::Duration;

    use mock_target::{Behaviour, Mock};

    use super::{Stack, UnknownHost, wait_for_target};
    use crate::target::Server;

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build().expect("a runtime");
        runtime.block_on(future)
    }

    /// The stack where only these names have an address.
    fn found(known: &[&str]) -> Result<Stack, UnknownHost> {
        let address = "127.0.0.1:1".parse().expect("an address");
        let resolve = async |server: &Server| {
            let is_known = known.iter().any(|name| server.url().contains(name));
            is_known
                .then(|| vec![address])
                .ok_or_else(|| io::Error::other("unknown name"))
        };
        block_on(Stack::find_by(resolve))
    }

    #[test]
    fn the_host_is_assumed_only_where_no_name_of_the_stack_is_known() {
        let inside = found(&["order-service", "127.0.0.1"]).expect("it is known");
        assert_eq!(inside.order_service.url(), "http://order-service:8000");
        assert!(inside.note.is_none());

        let outside = found(&["127.0.0.1"]).expect("every host has it");
        assert_eq!(outside.prometheus.url(), "http://127.0.0.1:9090");
        let note = outside.note.expect("an assumption, and said so");
        assert!(note.contains("http://order-service:8000: unknown name"));

        let stopped = found(&["prometheus", "127.0.0.1"]).expect_err("order-service is stopped");
        assert_eq!(stopped.url, "http://order-service:8000");
    }

    #[test]
    fn every_address_is_asked_and_those_that_are_not_ready_are_left_out() {
        let start = |status| Mock::start(Behaviour::Answer(status).into()).expect("a free port");
        let [dead, draining, alive, other] = [200, 503, 200, 404].map(start);
        let gone = dead.address;
        drop(dead);
        let server = Server::parse("http://target:8000").expect("a URL");
        let ready = |addresses: &[SocketAddr]| {
            block_on(wait_for_target(
                &server,
                addresses,
                Duration::from_millis(500),
            ))
        };
        let all = [gone, alive.address, draining.address, other.address];
        let found = ready(&all).expect("two are ready");
        assert_eq!(found, [alive.address, other.address]);
        let none = ready(&[gone, draining.address]).expect_err("none is ready");
        assert!(none.to_string().contains("503"), "{none}");
    }
}
