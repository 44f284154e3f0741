//! One question over HTTP and its whole answer, on a connection of its own: for all questions but the load itself.
//!
//! The load goes over kept connections, in `engine::channel`. Who asks: [`waiting`](crate::waiting) before a
//! run.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use http_body_util::{BodyExt, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::Builder;
use hyper::header::HOST;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use thiserror::Error;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::target::{MOST_HEADERS, NoBody, Server, say_empty};

/// Longest answer that is read: the samples of a drill's alerts are a few hundred KiB.
const LONGEST_ANSWER: usize = 4 * 1024 * 1024;

/// What means something in a query, and all that is not ASCII.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// Why a question had no answer.
#[derive(Debug, Error)]
pub(crate) enum NoAnswer {
    /// No connection, or it broke.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// What came back was not HTTP.
    #[error(transparent)]
    Http(#[from] hyper::Error),
    /// The question is not a valid request.
    #[error(transparent)]
    Request(#[from] hyper::http::Error),
    /// The answer was too long, or broke off.
    #[error("the answer is too long or broken")]
    Body,
    /// It took too long.
    #[error("no answer within {0:?}")]
    Late(Duration),
}

/// A question, and how long its answer is waited for.
#[derive(Clone, Debug)]
pub(crate) struct Question<'a> {
    /// GET, or POST without a body.
    pub method: Method,
    pub path: &'a str,
    /// From connecting to the last byte.
    pub patience: Duration,
}

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its body.
    pub body: Bytes,
}

/// Asks a server at the addresses its name has now: a container that was started again may have another one.
///
/// # Errors
/// No whole answer came in time.
pub(crate) async fn ask(server: &Server, question: Question<'_>) -> Result<Answer, NoAnswer> {
    let asked = async {
        let addresses = server.resolve().await?;
        exchange(server, &addresses, &question).await
    };
    in_time(question.patience, asked).await
}

/// Asks a server at the first of these addresses that takes a connection.
///
/// # Errors
/// No whole answer came in time.
pub(crate) async fn ask_at(
    server: &Server,
    addresses: &[SocketAddr],
    question: Question<'_>,
) -> Result<Answer, NoAnswer> {
    in_time(question.patience, exchange(server, addresses, &question)).await
}

async fn in_time(
    patience: Duration,
    answer: impl Future<Output = Result<Answer, NoAnswer>>,
) -> Result<Answer, NoAnswer> {
    let answer = timeout(patience, answer).await;
    answer.map_err(|_| NoAnswer::Late(patience))?
}

/// A text as the value of a query parameter.
pub fn encoded(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

async fn exchange(
    server: &Server,
    addresses: &[SocketAddr],
    question: &Question<'_>,
) -> Result<Answer, NoAnswer> {
    let mut request = Request::builder()
        .method(&question.method)
        .uri(question.path)
        .header(HOST, server.authority())
        .body(NoBody::new())?;
    say_empty(&mut request);
    let stream = TcpStream::connect(addresses).await?;
    let (mut sender, connection) = Builder::new()
        .max_headers(MOST_HEADERS)
        .handshake(TokioIo::new(stream))
        .await?;
    let answer = async {
        let response = sender.send_request(request).await?;
        let status = response.status();
        let body = Limited::new(response.into_body(), LONGEST_ANSWER)
            .collect()
            .await
            .map_err(|_| NoAnswer::Body)?
            .to_bytes();
        Ok(Answer { status, body })
    };
    tokio::pin!(answer, connection);
    tokio::select! {
        biased;
        answer = &mut answer => answer,
        closed = &mut connection => { closed?; answer.await }
    }
}
