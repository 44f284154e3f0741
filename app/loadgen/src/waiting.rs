//! Before the load: is the target ready, and has Prometheus seen it?
//!
//! A burst before the first scrape is invisible to `rate()`, which needs a sample from before it.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http_body_util::{BodyExt, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::handshake;
use hyper::header::HOST;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use thiserror::Error;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use crate::target::{NoBody, Server};

/// Between two questions.
const PAUSE: Duration = Duration::from_millis(250);
/// Patience with one question.
const PATIENCE: Duration = Duration::from_secs(2);
/// Longest answer that is read.
const LONGEST_ANSWER: usize = 64 * 1024;
/// Newest sample of the target while it is up; the value is the moment of its scrape.
const LAST_SCRAPE: &str =
    "max(timestamp(up{job=\"order-service\"}) and up{job=\"order-service\"} == 1)";

/// Why a question had no answer.
#[derive(Debug, Error)]
pub enum NoAnswer {
    /// The network said no.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// What came back was not HTTP.
    #[error(transparent)]
    Http(#[from] hyper::Error),
    /// The question made no sense.
    #[error(transparent)]
    Request(#[from] hyper::http::Error),
    /// It was too long.
    #[error("the answer is too long or broken")]
    Body,
    /// It took too long.
    #[error("no answer within {PATIENCE:?}")]
    Late,
    /// It was no.
    #[error("it answers {0}")]
    Status(StatusCode),
    /// Prometheus knows nothing yet.
    #[error("it has not scraped job `order-service` since")]
    NotScraped,
}

/// What was waited for in vain.
#[derive(Debug, Error)]
#[error("{what} after {waited:?}: {cause}; {advice}")]
pub struct WaitedInVain {
    what: String,
    waited: Duration,
    cause: NoAnswer,
    advice: &'static str,
}

/// Waits until `/ready` says so; a target without `/ready` is ready when it answers.
///
/// # Errors
/// It is not, within `patience`.
pub async fn for_target(
    server: &Server,
    address: SocketAddr,
    patience: Duration,
) -> Result<(), WaitedInVain> {
    let waited = until(patience, async || {
        match get(server, address, "/ready").await?.0 {
            status if status.is_success() => Ok(()),
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => Ok(()),
            status => Err(NoAnswer::Status(status)),
        }
    });
    waited.await.map_err(|cause| WaitedInVain {
        what: format!("{} is not ready", server.url()),
        waited: patience,
        cause,
        advice: "is it started? (docker compose up)",
    })
}

/// Waits until Prometheus has a sample of the target that is newer than this call: a scrape of what runs now.
///
/// # Errors
/// It has none within `patience`.
pub async fn for_scrape(prometheus: &Server, patience: Duration) -> Result<(), WaitedInVain> {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let query: String = LAST_SCRAPE.bytes().map(percent_encoded).collect();
    let path = format!("/api/v1/query?query={query}");
    let waited = until(patience, async || {
        let addresses = prometheus.resolve().await?;
        let (status, body) = get(prometheus, addresses[0], &path).await?;
        if !status.is_success() {
            return Err(NoAnswer::Status(status));
        }
        let last = last_scrape(&body).ok_or(NoAnswer::NotScraped)?;
        if last >= since.as_secs_f64() {
            Ok(())
        } else {
            Err(NoAnswer::NotScraped)
        }
    });
    waited.await.map_err(|cause| WaitedInVain {
        what: format!("Prometheus at {} has not seen the target", prometheus.url()),
        waited: patience,
        cause,
        advice: "--no-wait-scrape starts without it",
    })
}

/// Asks until the answer is yes or patience is at its end.
async fn until(
    patience: Duration,
    ask: impl AsyncFn() -> Result<(), NoAnswer>,
) -> Result<(), NoAnswer> {
    let end = Instant::now() + patience;
    loop {
        match ask().await {
            Ok(()) => return Ok(()),
            Err(cause) if Instant::now() + PAUSE > end => return Err(cause),
            Err(_) => sleep(PAUSE).await,
        }
    }
}

/// One GET on a connection of its own.
async fn get(
    server: &Server,
    address: SocketAddr,
    path: &str,
) -> Result<(StatusCode, Bytes), NoAnswer> {
    let request = Request::get(path)
        .header(HOST, server.authority())
        .body(NoBody::new())?;
    let asked = async {
        let stream = TcpStream::connect(address).await?;
        let (mut sender, connection) = handshake(TokioIo::new(stream)).await?;
        let answer = async {
            let response = sender.send_request(request).await?;
            let status = response.status();
            let body = Limited::new(response.into_body(), LONGEST_ANSWER)
                .collect()
                .await;
            Ok((status, body.map_err(|_| NoAnswer::Body)?.to_bytes()))
        };
        tokio::pin!(answer, connection);
        tokio::select! {
            biased;
            answer = &mut answer => answer,
            closed = &mut connection => { closed?; answer.await }
        }
    };
    timeout(PATIENCE, asked).await.map_err(|_| NoAnswer::Late)?
}

/// The value of an instant query with one result.
fn last_scrape(body: &[u8]) -> Option<f64> {
    let answer: serde_json::Value = serde_json::from_slice(body).ok()?;
    answer
        .pointer("/data/result/0/value/1")?
        .as_str()?
        .parse()
        .ok()
}

fn percent_encoded(byte: u8) -> String {
    match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    }
}
