//! What is asked of whom while a drill runs: one file for each server, each with the answers as its own types.
//!
//! Nothing here judges; what the answers mean is decided in [`evidence`](super::evidence) and [`judge`](super::judge).

pub mod alertmanager;
pub mod pager;
pub mod prometheus;

use std::time::Duration;

use hyper::Method;
use serde::de::DeserializeOwned;
use thiserror::Error;

use crate::inquiry::{Answer, NoAnswer, Question, ask};
use crate::target::Server;

/// Patience with one question: longer than a busy machine takes, shorter than any step of a drill.
const PATIENCE: Duration = Duration::from_secs(5);

/// Seconds since 1970.
pub type UnixSeconds = f64;

/// Why a server's answer can't be used.
#[derive(Debug, Error)]
#[error("{name} at {url} {cause}")]
pub struct Unusable {
    name: &'static str,
    url: String,
    cause: Cause,
}

impl Unusable {
    /// The status of an answer that was refused.
    pub fn status(&self) -> Option<hyper::StatusCode> {
        match self.cause {
            Cause::Refused { status, .. } => Some(status),
            _ => None,
        }
    }
}

/// What was wrong with it.
#[derive(Debug, Error)]
enum Cause {
    #[error("does not answer: {0}")]
    NoAnswer(#[from] NoAnswer),
    #[error("refuses {path}: {status} {text}")]
    Refused {
        path: String,
        status: hyper::StatusCode,
        text: String,
    },
    #[error("answers {path} with something else than expected: {error}")]
    Unexpected {
        path: String,
        error: serde_json::Error,
    },
}

/// A server with the name that people know it by.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its name.
    pub name: &'static str,
    /// Where it is.
    pub server: Server,
}

impl Source {
    /// GET, with a 2xx answer.
    ///
    /// # Errors
    /// There was none.
    pub async fn get(&self, path: &str) -> Result<Answer, Unusable> {
        self.ask(Method::GET, path, PATIENCE).await
    }

    /// GET, with a 2xx answer of JSON.
    ///
    /// # Errors
    /// There was none.
    pub async fn json<T: DeserializeOwned>(&self, path: &str) -> Result<T, Unusable> {
        let answer = self.get(path).await?;
        serde_json::from_slice(&answer.body).map_err(|error| {
            self.unusable(Cause::Unexpected {
                path: path_only(path),
                error,
            })
        })
    }

    /// One question of either method, with a 2xx answer.
    ///
    /// # Errors
    /// There was none.
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        patience: Duration,
    ) -> Result<Answer, Unusable> {
        let question = Question {
            method,
            path,
            patience,
        };
        let answer = ask(&self.server, question)
            .await
            .map_err(|cause| self.unusable(cause.into()))?;
        if answer.status.is_success() {
            return Ok(answer);
        }
        Err(self.unusable(Cause::Refused {
            path: path_only(path),
            status: answer.status,
            text: beginning(&answer.body),
        }))
    }

    fn unusable(&self, cause: Cause) -> Unusable {
        Unusable {
            name: self.name,
            url: self.server.url(),
            cause,
        }
    }
}

/// Seconds of an RFC 3339 time.
fn unix_seconds(text: &str) -> Option<UnixSeconds> {
    let time: jiff::Timestamp = text.parse().ok()?;
    #[expect(
        clippy::cast_precision_loss,
        reason = "microseconds since 1970 are below 2^53"
    )]
    Some(time.as_microsecond() as f64 / 1e6)
}

/// Queries are long and encoded.
fn path_only(path: &str) -> String {
    path.split('?').next().unwrap_or_default().into()
}

/// The first line of an error, shortened.
fn beginning(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    text.lines()
        .next()
        .unwrap_or_default()
        .chars()
        .take(200)
        .collect()
}
