//! Before the load: is the target ready, and has Prometheus seen it?
//!
//! A burst before the first scrape is invisible to `rate()`, which needs a sample from before it.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hyper::{Method, StatusCode};
use thiserror::Error;
use tokio::time::{Instant, sleep};

use crate::inquiry::{NoAnswer, Question, ask, ask_at, encoded};
use crate::target::Server;

/// Between two questions.
const PAUSE: Duration = Duration::from_millis(250);
/// Patience with one question.
const PATIENCE: Duration = Duration::from_secs(2);
/// Newest sample of the target while it is up; the value is the moment of its scrape.
const LAST_SCRAPE: &str =
    "max(timestamp(up{job=\"order-service\"}) and up{job=\"order-service\"} == 1)";

/// Why it can't start yet.
#[derive(Debug, Error)]
pub enum NotYet {
    /// There was no answer.
    #[error(transparent)]
    NoAnswer(#[from] NoAnswer),
    /// The answer was no.
    #[error("it answers {0}")]
    Status(StatusCode),
    /// Prometheus has no sample yet that is new enough.
    #[error("it has not scraped job `order-service` since")]
    NotScraped,
}

/// What was waited for in vain.
#[derive(Debug, Error)]
#[error("{what} after {waited:?}: {cause}; {advice}")]
pub struct WaitedInVain {
    what: String,
    waited: Duration,
    cause: NotYet,
    advice: &'static str,
}

/// Waits until `/ready` says so at each address, and returns those that are ready. A target without `/ready` is ready when it
/// answers. Once one address is ready, those that take no connection are not waited for.
///
/// # Errors
/// None is ready within `patience`.
pub async fn for_target(
    server: &Server,
    addresses: &[SocketAddr],
    patience: Duration,
) -> Result<Vec<SocketAddr>, WaitedInVain> {
    let mut ready = Vec::new();
    let waited = until(patience, async || {
        ready.clear();
        let (mut refusal, mut not_yet) = (None, None);
        for &address in addresses {
            match is_ready(server, address).await {
                Ok(()) => ready.push(address),
                Err(cause @ NotYet::NoAnswer(NoAnswer::Io(_))) => refusal = Some(cause),
                Err(cause) => not_yet = Some(cause),
            }
        }
        let refusal = refusal.filter(|_| ready.is_empty());
        not_yet.or(refusal).map_or(Ok(()), Err)
    });
    match waited.await {
        Err(cause) if ready.is_empty() => Err(WaitedInVain {
            what: format!("{} is not ready", server.url()),
            waited: patience,
            cause,
            advice: "is it started? (docker compose up)",
        }),
        _ => Ok(ready),
    }
}

async fn is_ready(server: &Server, address: SocketAddr) -> Result<(), NotYet> {
    match ask_at(server, &[address], get("/ready")).await?.status {
        status if status.is_success() => Ok(()),
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => Ok(()),
        status => Err(NotYet::Status(status)),
    }
}

/// Waits until Prometheus has a sample of the target that is newer than this call: a scrape of what runs now.
///
/// # Errors
/// It has none within `patience`.
pub async fn for_scrape(prometheus: &Server, patience: Duration) -> Result<(), WaitedInVain> {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let path = format!("/api/v1/query?query={}", encoded(LAST_SCRAPE));
    let waited = until(patience, async || {
        let answer = ask(prometheus, get(&path)).await?;
        if !answer.status.is_success() {
            return Err(NotYet::Status(answer.status));
        }
        let last = last_scrape(&answer.body).ok_or(NotYet::NotScraped)?;
        if last >= since.as_secs_f64() {
            Ok(())
        } else {
            Err(NotYet::NotScraped)
        }
    });
    waited.await.map_err(|cause| WaitedInVain {
        what: format!("Prometheus at {} has not seen the target", prometheus.url()),
        waited: patience,
        cause,
        advice: "--no-wait-scrape starts without it",
    })
}

fn get(path: &str) -> Question<'_> {
    Question {
        method: Method::GET,
        path,
        patience: PATIENCE,
    }
}

/// Asks until the answer is yes, or until there is no patience left.
async fn until(
    patience: Duration,
    mut ask: impl AsyncFnMut() -> Result<(), NotYet>,
) -> Result<(), NotYet> {
    let end = Instant::now() + patience;
    loop {
        match ask().await {
            Ok(()) => return Ok(()),
            Err(cause) if Instant::now() + PAUSE > end => return Err(cause),
            Err(_) => sleep(PAUSE).await,
        }
    }
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
