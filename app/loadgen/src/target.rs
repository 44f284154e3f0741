//! Where requests go: a server and its name, its addresses, and the requests of a run, made once.
//!
//! What is asked before a run starts (is it ready, has Prometheus scraped it) is in [`preflight`](crate::preflight).

use std::fmt::Display;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::http::uri::{Authority, PathAndQuery};
use hyper::{Method, Uri};
use thiserror::Error;
use tokio::sync::Notify;
use tokio::time::sleep;

/// Between two look-ups, however many connections fail.
const PAUSE: Duration = Duration::from_secs(1);

/// Why a text is not the address of a target.
#[derive(Debug, Error)]
#[error("`{url}` {problem}; wanted: http://HOST:PORT")]
pub struct BadUrl {
    url: String,
    problem: &'static str,
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
        let bad = |problem| BadUrl {
            url: text.into(),
            problem,
        };
        let not_a_url = "is not a URL";
        let uri: Uri = text.parse().map_err(|_| bad(not_a_url))?;
        let host = uri.host().filter(|host| !host.is_empty());
        let host = host.ok_or_else(|| bad(not_a_url))?;
        let authority = uri.authority().map_or("", Authority::as_str);
        if uri.scheme_str() != Some("http") {
            return Err(bad("is not plain HTTP (TLS is not spoken)"));
        }
        if uri.path() != "/" || uri.query().is_some() {
            return Err(bad("has a path, which belongs to --path"));
        }
        if authority.contains('@') {
            return Err(bad("has credentials, which loadgen does not send"));
        }
        // `Uri` reads an invalid port as no port at all.
        let port = match authority.strip_prefix(host) {
            Some("") => Some(80),
            Some(rest) => rest.strip_prefix(':').and_then(port),
            None => None,
        };
        Ok(Self {
            host: host.into(),
            port: port.ok_or_else(|| bad("has a port that is not from 1 to 65535"))?,
        })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.authority())
    }

    /// Its name or address, an IPv6 address in brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Host and port as in the `Host` header.
    pub fn authority(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// Looks its name up; an unknown name, or one without addresses, is an error.
    pub(crate) async fn resolve(&self) -> io::Result<Vec<SocketAddr>> {
        let addresses: Vec<_> = tokio::net::lookup_host(self.authority()).await?.collect();
        if addresses.is_empty() {
            return Err(io::Error::other("the name has no address"));
        }
        Ok(addresses)
    }
}

/// Digits alone: `parse` takes `+80` too.
fn port(text: &str) -> Option<u16> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|port| is_number && *port > 0)
}

/// What is known of a server's addresses; clones share it. They are looked up again while connections to them fail: a replica
/// that is replaced gets another one.
#[derive(Clone, Debug)]
pub(crate) struct Addresses(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    server: Server,
    known: Mutex<Arc<[SocketAddr]>>,
    /// A connection failed.
    failed: Notify,
}

impl Addresses {
    /// Those that are known to be right.
    pub(crate) fn new(server: &Server, known: Vec<SocketAddr>) -> Self {
        Self(Arc::new(Shared {
            server: server.clone(),
            known: Mutex::new(known.into()),
            failed: Notify::new(),
        }))
    }

    pub(crate) fn server(&self) -> &Server {
        &self.0.server
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
    pub(crate) async fn keep_current(self) {
        loop {
            self.0.failed.notified().await;
            if let Ok(found) = self.0.server.resolve().await {
                *self.0.known.lock().unwrap_or_else(PoisonError::into_inner) = found.into();
            }
            sleep(PAUSE).await;
        }
    }
}

/// What is sent, and where to; clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// Connections are spread over them.
    pub(crate) addresses: Addresses,
    /// In the order of [`Order`](crate::schedule::Order).
    pub(crate) requests: Arc<[Request; 3]>,
}

/// A request without a body, as it is sent.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) bytes: Vec<u8>,
    /// Whether answers have no body, whatever their head says.
    pub(crate) is_head: bool,
}

impl Request {
    pub(crate) fn new(server: &Server, method: &Method, path: impl Display) -> Self {
        // Says that there is no body where the method allows for one (RFC 9110, 8.6): strict servers answer 411 otherwise.
        let length = match *method {
            Method::POST | Method::PUT | Method::PATCH => "content-length: 0\r\n",
            _ => "",
        };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nuser-agent: orderwatch-loadgen/{}\r\n{length}\r\n",
            server.authority(),
            env!("CARGO_PKG_VERSION"),
        );
        Self {
            bytes: request.into(),
            is_head: *method == Method::HEAD,
        }
    }

    /// The same for each kind of order; faults are asked for by query parameters.
    pub(crate) fn by_order(
        server: &Server,
        method: &Method,
        path: &PathAndQuery,
    ) -> Arc<[Self; 3]> {
        let joint = if path.query().is_some() { '&' } else { '?' };
        let faulty = |fault| Self::new(server, method, format_args!("{path}{joint}{fault}"));
        Arc::new([
            Self::new(server, method, path),
            faulty("fail=true"),
            faulty("slow=true&slow_seconds=3"),
        ])
    }
}
