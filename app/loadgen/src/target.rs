//! Where requests go: a server and its name, its addresses, and the requests of a run, made once.
//!
//! What is asked before a run starts (is it ready, has Prometheus seen it) is in [`waiting`](crate::waiting).

use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http_body_util::Empty;
use hyper::body::Bytes;
use hyper::header::{CONTENT_LENGTH, HOST, HeaderValue, USER_AGENT};
use hyper::http::uri::{Authority, PathAndQuery};
use hyper::{Method, Request, Uri};
use thiserror::Error;
use tokio::sync::Notify;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use crate::schedule::Order;

/// The body of every request: none.
pub(crate) type NoBody = Empty<Bytes>;

/// Most headers of an answer.
pub(crate) const MOST_HEADERS: usize = 1000;

/// Extra seconds of an order that is forced to be slow.
pub(crate) const SLOW_SECONDS: u32 = 3;

/// Between two look-ups, however many connections fail.
const PAUSE: Duration = Duration::from_secs(1);

/// Why a text is not the address of a target.
#[derive(Debug, Error, PartialEq, Eq)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum BadUrl {
    #[error("`{0}` is not a URL; wanted: http://HOST:PORT")]
    NotAUrl(String),
    #[error("`{0}` is not plain HTTP; wanted: http://HOST:PORT (TLS is not spoken)")]
    NotHttp(String),
    #[error("`{0}` has a port that is none; wanted: http://HOST:PORT, PORT from 1 to 65535")]
    BadPort(String),
    #[error("`{0}` has credentials, which loadgen does not send; wanted: http://HOST:PORT")]
    HasCredentials(String),
    #[error("`{0}` has a path; wanted: http://HOST:PORT, and the path with --path")]
    HasPath(String),
}

/// Host and port of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    host: String,
    port: u16,
}

impl Server {
    /// Reads `http://HOST[:PORT]`.
    ///
    /// # Errors
    /// Anything else, saying what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, BadUrl> {
        let uri: Uri = text.parse().map_err(|_| BadUrl::NotAUrl(text.into()))?;
        let host = uri
            .host()
            .filter(|host| !host.is_empty())
            .ok_or_else(|| BadUrl::NotAUrl(text.into()))?;
        if uri.scheme_str() != Some("http") {
            return Err(BadUrl::NotHttp(text.into()));
        }
        if uri.path() != "/" || uri.query().is_some() {
            return Err(BadUrl::HasPath(text.into()));
        }
        let authority = uri.authority().map_or("", Authority::as_str);
        if authority.contains('@') {
            return Err(BadUrl::HasCredentials(text.into()));
        }
        // `Uri` reads a port that is none as no port at all.
        let port = match authority.strip_prefix(host) {
            Some("") => Some(80),
            Some(rest) => rest.strip_prefix(':').and_then(port),
            None => None,
        };
        Ok(Self {
            host: host.into(),
            port: port.ok_or_else(|| BadUrl::BadPort(text.into()))?,
        })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.authority())
    }

    /// Host and port as in the `Host` header.
    pub(crate) fn authority(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// Looks its name up.
    ///
    /// # Errors
    /// The name is unknown, or has no address.
    pub(crate) async fn resolve(&self) -> io::Result<Vec<SocketAddr>> {
        let addresses: Vec<_> = tokio::net::lookup_host(self.authority()).await?.collect();
        if addresses.is_empty() {
            return Err(io::Error::new(
                io::ErrorKind::NotFound,
                "the name has no address",
            ));
        }
        Ok(addresses)
    }
}

/// Digits alone: `parse` takes `+80` too.
fn port(text: &str) -> Option<u16> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|port| is_number && *port > 0)
}

type LookUp = Box<dyn Fn() -> io::Result<Vec<SocketAddr>> + Send + Sync>;

/// What is known of a target's addresses; clones share it. They are looked up again while connections to them fail: a replica that
/// is replaced gets another one.
#[derive(Clone)]
pub struct Addresses(Arc<Shared>);

struct Shared {
    known: Mutex<Arc<[SocketAddr]>>,
    look_up: LookUp,
    /// A connection failed.
    failed: Notify,
}

impl Addresses {
    /// Those of a server that are known to be right, and its name for later.
    pub fn of(server: &Server, known: Vec<SocketAddr>) -> Self {
        let authority = server.authority();
        Self::new(known, move || Ok(authority.to_socket_addrs()?.collect()))
    }

    /// Those that are known to be right, and how to look them up again; that may block.
    pub fn new(
        known: Vec<SocketAddr>,
        look_up: impl Fn() -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Shared {
            known: Mutex::new(known.into()),
            look_up: Box::new(look_up),
            failed: Notify::new(),
        }))
    }

    /// What is known now.
    pub(crate) fn known(&self) -> Arc<[SocketAddr]> {
        Arc::clone(&self.0.known.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Asks for another look-up.
    pub(crate) fn failed(&self) {
        self.0.failed.notify_one();
    }

    /// Looks up whenever a connection has failed, until it is dropped. What cannot be looked up stays as it was.
    pub(crate) async fn keep(self) {
        loop {
            self.0.failed.notified().await;
            let shared = Arc::clone(&self.0);
            let found = spawn_blocking(move || (shared.look_up)()).await;
            if let Ok(Ok(found)) = found
                && !found.is_empty()
            {
                *self.0.known.lock().unwrap_or_else(PoisonError::into_inner) = found.into();
            }
            sleep(PAUSE).await;
        }
    }
}

impl fmt::Debug for Addresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Addresses").field(&self.known()).finish()
    }
}

/// What is sent, and where to.
#[derive(Clone, Debug)]
pub struct Target {
    /// The server's addresses; connections are spread over them.
    pub addresses: Addresses,
    /// The requests, by kind of order.
    pub requests: Requests,
}

/// The three requests of a run, ready to be copied, in the order of [`Order`].
#[derive(Clone, Debug)]
pub struct Requests([Request<NoBody>; 3]);

/// Says that there is no body where the method allows for one (RFC 9110, 8.6): strict servers answer 411 otherwise.
pub(crate) fn say_empty(request: &mut Request<NoBody>) {
    if [Method::POST, Method::PUT, Method::PATCH].contains(request.method()) {
        request
            .headers_mut()
            .insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
}

impl Requests {
    /// The requests for `method` and `path` at `server`; faults are asked for by query parameters.
    ///
    /// # Errors
    /// Server and path don't make a valid request.
    pub fn new(
        server: &Server,
        method: &Method,
        path: &PathAndQuery,
    ) -> Result<Self, hyper::http::Error> {
        let faulty = |fault: &str| {
            let joint = if path.query().is_some() { '&' } else { '?' };
            PathAndQuery::try_from(format!("{path}{joint}{fault}"))
        };
        let slow = faulty(&format!("slow=true&slow_seconds={SLOW_SECONDS}"))?;
        Ok(Self([
            request(server, method, path)?,
            request(server, method, &faulty("fail=true")?)?,
            request(server, method, &slow)?,
        ]))
    }

    /// Any two requests: the second is sent in the place of orders that fail or are slow.
    pub(crate) fn pair(
        server: &Server,
        first: (&Method, &PathAndQuery),
        second: (&Method, &PathAndQuery),
    ) -> Result<Self, hyper::http::Error> {
        let second = request(server, second.0, second.1)?;
        let first = request(server, first.0, first.1)?;
        Ok(Self([first, second.clone(), second]))
    }

    /// A copy of the request for this kind of order.
    pub(crate) fn of(&self, order: Order) -> Request<NoBody> {
        self.0[order as usize].clone()
    }
}

fn request(
    server: &Server,
    method: &Method,
    path: &PathAndQuery,
) -> Result<Request<NoBody>, hyper::http::Error> {
    let mut request = Request::builder()
        .method(method)
        .uri(path.as_str())
        .header(HOST, HeaderValue::try_from(server.authority())?)
        .header(
            USER_AGENT,
            concat!("orderwatch-loadgen/", env!("CARGO_PKG_VERSION")),
        )
        .body(NoBody::new())?;
    say_empty(&mut request);
    Ok(request)
}
