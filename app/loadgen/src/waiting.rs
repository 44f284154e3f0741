//! Before the load: is the target ready, and has Prometheus seen it?
//!
//! A burst before the first scrape is invisible to `rate()`, which needs a sample from before it.

use std::net::SocketAddr;
use std::time::Duration;

use hyper::{Method, StatusCode};
use thiserror::Error;
use tokio::time::{Instant, sleep};

use crate::inquiry::{NoAnswer, Question, ask, ask_at, encoded};
use crate::target::Server;

/// Between two questions.
const PAUSE: Duration = Duration::from_millis(250);
const PATIENCE: Duration = Duration::from_secs(2);
/// The clock of the samples: it may be another than this machine's.
const NOW: &str = "time()";
/// Newest sample of the target while it is up; the value is the moment of its scrape.
const LAST_SCRAPE: &str =
    "max(timestamp(up{job=\"order-service\"}) and up{job=\"order-service\"} == 1)";

/// Why it can't start yet.
#[derive(Debug, Error)]
pub(crate) enum NotYet {
    #[error(transparent)]
    NoAnswer(#[from] NoAnswer),
    /// The answer was no.
    #[error("it answers {path} with {status}")]
    Status {
        path: &'static str,
        status: StatusCode,
    },
    /// Prometheus has no sample yet that is new enough.
    #[error("it has not scraped job `order-service` since")]
    NotScraped,
}

impl NotYet {
    /// Whether waiting may help: a redirect, a refusal or "not implemented" stays what it is.
    fn passes(&self) -> bool {
        match self {
            Self::NoAnswer(_) | Self::NotScraped => true,
            Self::Status { status, .. } => {
                status.is_server_error() && *status != StatusCode::NOT_IMPLEMENTED
                    || *status == StatusCode::TOO_MANY_REQUESTS
            }
        }
    }
}

/// What is not ready, why, and what to do.
#[derive(Debug, Error)]
#[error("{what} (waited {waited:.0?}): {cause}; {advice}")]
pub struct NotReady {
    what: String,
    waited: Duration,
    cause: NotYet,
    advice: &'static str,
}

/// Waits until `/ready` says so at each address, and returns those that are ready. A target without `/ready` is ready when it
/// answers. Once one address is ready, those that take no connection are not waited for.
///
/// # Errors
/// None is ready within `patience`, or none ever will be.
pub async fn for_target(
    server: &Server,
    addresses: &[SocketAddr],
    patience: Duration,
) -> Result<Vec<SocketAddr>, NotReady> {
    let began = Instant::now();
    let mut ready = Vec::new();
    let waited = until(patience, async || {
        ready.clear();
        let (mut refusal, mut not_yet) = (None, None);
        for &address in addresses {
            match is_ready(server, address).await {
                Ok(()) => ready.push(address),
                Err(cause)
                    if matches!(cause, NotYet::NoAnswer(NoAnswer::Io(_))) || !cause.passes() =>
                {
                    refusal = Some(cause);
                }
                Err(cause) => not_yet = Some(cause),
            }
        }
        let refusal = refusal.filter(|_| ready.is_empty());
        not_yet.or(refusal).map_or(Ok(()), Err)
    });
    match waited.await {
        Err(cause) if ready.is_empty() => Err(NotReady {
            what: format!("{} is not ready", server.url()),
            waited: began.elapsed(),
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
    match ask_at(server, &[address], get(path)).await?.status {
        status if status.is_success() => Ok(()),
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => Ok(()),
        status => Err(NotYet::Status { path, status }),
    }
}

/// Waits until Prometheus has a sample of the target that is newer than this call: a scrape of what runs now.
///
/// # Errors
/// It has none within `patience`.
pub(crate) async fn for_scrape(prometheus: &Server, patience: Duration) -> Result<(), NotReady> {
    let began = Instant::now();
    let mut since = None;
    let waited = until(patience, async || {
        let since = match since {
            Some(since) => since,
            None => *since.insert(number(prometheus, NOW).await?),
        };
        if number(prometheus, LAST_SCRAPE).await? >= since {
            Ok(())
        } else {
            Err(NotYet::NotScraped)
        }
    });
    waited.await.map_err(|cause| NotReady {
        what: format!("Prometheus at {} has not seen the target", prometheus.url()),
        waited: began.elapsed(),
        cause,
        advice: "--no-wait-scrape starts without it",
    })
}

/// The value of an instant query: a scalar, or a vector of one.
async fn number(prometheus: &Server, query: &str) -> Result<f64, NotYet> {
    let path = format!("/api/v1/query?query={}", encoded(query));
    let answer = ask(prometheus, get(&path)).await?;
    if !answer.status.is_success() {
        return Err(NotYet::Status {
            path: "/api/v1/query",
            status: answer.status,
        });
    }
    let answer: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let value = ["/data/result/0/value/1", "/data/result/1"]
        .into_iter()
        .find_map(|at| answer.pointer(at)?.as_str()?.parse().ok());
    value.ok_or(NotYet::NotScraped)
}

fn get(path: &str) -> Question<'_> {
    Question {
        method: Method::GET,
        path,
        patience: PATIENCE,
    }
}

/// Asks until the answer is yes or final, or until there is no patience left.
async fn until(
    patience: Duration,
    mut ask: impl AsyncFnMut() -> Result<(), NotYet>,
) -> Result<(), NotYet> {
    let end = Instant::now() + patience;
    loop {
        match ask().await {
            Ok(()) => return Ok(()),
            Err(cause) if !cause.passes() || Instant::now() + PAUSE > end => return Err(cause),
            Err(_) => sleep(PAUSE).await,
        }
    }
}
