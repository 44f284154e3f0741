//! Serving HTTP/1.1 within limits: connections, headers and waiting times are bounded, whatever clients do.
//!
//! Answers come from the application of each service. Errors: [`crate::problem`].

use std::convert::Infallible;
use std::fmt::{self, Display};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::uri::Authority;
use axum::http::{Version, header};
use axum::response::{IntoResponse, Response};
use axum::serve::Listener;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tower::Service;
use tracing::{info, warn};

use crate::problem::Problem;

/// Limits on what clients use. With the defaults, all connections together take less than 100 MB (79 measured), whatever they send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections at the same time. Further ones wait to be accepted.
    pub connections: usize,
    /// Size of a request line with its headers. A longer one is answered with 431, and the connection is closed.
    pub header_bytes: usize,
    /// Time for sending a request line with its headers, counted from the connection or from the answer before. After it the
    /// connection is closed, an idle one too.
    pub header_timeout: Duration,
    /// Time for connections to end once the service is asked to stop. After it they are closed.
    pub close_timeout: Duration,
}

impl Limits {
    /// Those of a service that takes orders from many clients.
    pub const DEFAULT: Self = Self {
        connections: 3_000,
        header_bytes: 16 << 10,
        header_timeout: Duration::from_secs(30),
        close_timeout: Duration::from_secs(2),
    };
}

impl Display for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            connections,
            header_bytes,
            header_timeout,
            close_timeout,
        } = self;
        writeln!(
            f,
            "Limits, which are not for setting:\n  \
             {connections} connections at the same time; further ones wait to be accepted\n  \
             {} KiB for a request line with its headers; a longer one is answered with 431\n  \
             {} s to send them, from the connection or the answer before; then it is closed\n  \
             {} s for connections to end when stopping, after everything else is done",
            header_bytes >> 10,
            header_timeout.as_secs(),
            close_timeout.as_secs()
        )
    }
}

/// The address cannot be listened on.
#[derive(Debug, Error)]
#[error("cannot listen on {address}, which {setting} changes")]
pub struct BindError {
    address: SocketAddr,
    setting: &'static str,
    source: io::Error,
}

/// Listens on the address, which this setting gave, and logs which it is: port 0 is one that is free.
///
/// # Errors
/// The address is in use, or not one of this machine's.
pub async fn bind(address: SocketAddr, setting: &'static str) -> Result<TcpListener, BindError> {
    let bound = async {
        let listener = TcpListener::bind(address).await?;
        let (address, version) = (listener.local_addr()?, env!("CARGO_PKG_VERSION"));
        info!(%address, version, "listening");
        Ok(listener)
    };
    bound.await.map_err(|source| BindError {
        address,
        setting,
        source,
    })
}

/// Serves `app` until `stop` resolves; then accepts no more, lets requests that have begun finish, and closes every connection.
pub async fn serve(
    mut listener: TcpListener,
    app: Router,
    limits: Limits,
    stop: impl Future<Output = ()>,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_header_size(limits.header_bytes)
        // Also bounds what is read ahead of a body.
        .max_buf_size(limits.header_bytes);
    let slots = Arc::new(Semaphore::new(limits.connections));
    let stopping = CancellationToken::new();
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            (slot, stream) = accept(&mut listener, &slots) => {
                connections.spawn(connection(http.clone(), stream, app.clone(), stopping.clone(), slot));
            }
            Some(_ended) = connections.join_next() => {}
        }
    }
    drop(listener);
    stopping.cancel();
    let all_ended = async { while connections.join_next().await.is_some() {} };
    if timeout(limits.close_timeout, all_ended).await.is_err() {
        warn!("some connections did not end in time");
        connections.shutdown().await;
    }
}

/// The next connection, and its slot among those that there may be.
async fn accept(
    listener: &mut TcpListener,
    slots: &Arc<Semaphore>,
) -> (OwnedSemaphorePermit, TcpStream) {
    let slot = Arc::clone(slots)
        .acquire_owned()
        .await
        .expect("the semaphore is never closed");
    // By the trait, `accept` waits and tries again where there is nothing to accept with, such as a file descriptor.
    let (stream, _) = Listener::accept(listener).await;
    // Answers are one small write; waiting for more to send would only delay them.
    if let Err(failure) = stream.set_nodelay(true) {
        warn!(error = %failure, "cannot set TCP_NODELAY");
    }
    (slot, stream)
}

async fn connection(
    http: http1::Builder,
    stream: TcpStream,
    app: Router,
    stopping: CancellationToken,
    _slot: OwnedSemaphorePermit,
) {
    let service = service_fn(|request| answer(app.clone(), request));
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
    // How a connection ends concerns its client alone.
    tokio::select! {
        _ended = connection.as_mut() => {}
        () = stopping.cancelled() => {
            connection.as_mut().graceful_shutdown();
            let _ended = connection.await;
        }
    }
}

async fn answer(
    mut app: Router,
    request: hyper::Request<Incoming>,
) -> Result<Response, Infallible> {
    match check_host(&request) {
        Ok(()) => app.call(request).await,
        Err(problem) => Ok(problem.into_response()),
    }
}

/// RFC 9112, section 3.2: one valid Host, which only HTTP/1.0 may leave out. It may be empty.
fn check_host<B>(request: &hyper::Request<B>) -> Result<(), Problem> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let detail = match (hosts.next(), hosts.next()) {
        (None, _) if request.version() == Version::HTTP_10 => return Ok(()),
        (None, _) => "a request of HTTP/1.1 needs a Host header",
        (Some(_), Some(_)) => "Host is given more than once",
        (Some(host), None) => {
            let valid = host.is_empty()
                || Authority::try_from(host.as_bytes())
                    .is_ok_and(|host| !host.as_str().contains('@'));
            if valid {
                return Ok(());
            }
            "Host is not a host with an optional port"
        }
    };
    Err(Problem::bad_request("invalid_host", detail))
}

#[cfg(test)]
mod tests;
