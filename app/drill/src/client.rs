//! Speaks HTTP to one server: its address with a path prefix, Basic authentication, a CA of its own.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::de::DeserializeOwned;
use serde_json::Value;
use ureq::Agent;
use ureq::http::header::AUTHORIZATION;
use ureq::http::{Method, Request, Uri};
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

use crate::error::Error;

/// The longest that one answer may take: the loop that watches waits for it.
const TIMEOUT: Duration = Duration::from_secs(5);

/// What all servers have in common.
#[derive(Clone, Debug, Default)]
pub(crate) struct Access {
    /// `NAME:PASSWORD` where the URL has none.
    pub(crate) user: Option<String>,
    /// Certificates in PEM that are trusted instead of the public ones.
    pub(crate) ca: Option<PathBuf>,
}

/// A client of one server.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    /// Address without credentials.
    base: String,
    authorization: Option<String>,
    agent: Agent,
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.base)
    }
}

impl Client {
    pub(crate) fn new(url: &str, access: &Access) -> Result<Self, Error> {
        let uri: Option<Uri> = url.parse().ok();
        let parts = uri
            .as_ref()
            .and_then(|uri| Some((uri.scheme_str()?, uri.authority()?, uri.path())));
        let Some((scheme @ ("http" | "https"), authority, path)) = parts else {
            let wanted = "wanted: http://HOST:PORT or https://HOST, and its path prefix";
            return Err(Error::Usage(format!(
                "`{url}` is not the address of a server; {wanted}"
            )));
        };
        let (user, host) = match authority.as_str().rsplit_once('@') {
            Some((user, host)) => (
                Some(percent_decode_str(user).decode_utf8_lossy().into()),
                host,
            ),
            None => (access.user.clone(), authority.as_str()),
        };
        let roots = access.ca.as_deref().map(roots).transpose()?;
        let tls = TlsConfig::builder().root_certs(roots.unwrap_or(RootCerts::WebPki));
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            // What the environment names does not know this machine's loopback.
            .proxy(None)
            .timeout_global(Some(TIMEOUT))
            .tls_config(tls.build())
            .build();
        Ok(Self {
            base: format!("{scheme}://{host}{}", path.trim_end_matches('/')),
            authorization: user.map(|user| format!("Basic {}", BASE64_STANDARD.encode(user))),
            agent: agent.into(),
        })
    }

    /// Host and port.
    pub(crate) fn authority(&self) -> &str {
        self.base.split('/').nth(2).unwrap_or_default()
    }

    /// Its name, without port.
    pub(crate) fn host(&self) -> &str {
        let authority = self.authority();
        let port = authority
            .rsplit_once(':')
            .filter(|(_, port)| !port.ends_with(']'));
        port.map_or(authority, |(host, _)| host)
    }

    pub(crate) fn text(&self, path: &str) -> Result<String, Error> {
        self.send(&Method::GET, path, TIMEOUT)
    }

    /// The part of an answer in JSON at a pointer (RFC 6901).
    pub(crate) fn json<T: DeserializeOwned>(&self, path: &str, at: &str) -> Result<T, Error> {
        let bad = |error| self.unusable(path, &format!("unexpected answer: {error}"));
        let mut answer: Value = serde_json::from_str(&self.text(path)?).map_err(bad)?;
        let part = answer.pointer_mut(at).map(Value::take);
        serde_json::from_value(part.unwrap_or_default()).map_err(bad)
    }

    /// An answer with any status of success.
    pub(crate) fn send(
        &self,
        method: &Method,
        path: &str,
        patience: Duration,
    ) -> Result<String, Error> {
        let silent = |error: ureq::Error| self.unusable(path, &format!("no answer: {error}"));
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base));
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let request = request.body(()).map_err(|error| silent(error.into()))?;
        let request = self
            .agent
            .configure_request(request)
            .timeout_global(Some(patience))
            .build();
        let mut answer = self.agent.run(request).map_err(silent)?;
        let text = answer.body_mut().read_to_string().map_err(silent)?;
        match answer.status().as_u16() {
            200..300 => Ok(text),
            401 | 403 => Err(self.unusable(
                path,
                "not allowed: is a user missing? (--user NAME:PASSWORD)",
            )),
            404 => Err(self.unusable(path, "not found: is a path prefix missing in the URL?")),
            status => {
                // Prometheus says in the text what is wrong with a query.
                let why: Value = serde_json::from_str(&text).unwrap_or_default();
                let why = why["error"].as_str().unwrap_or_default();
                Err(self.unusable(path, &format!("status {status} {why}")))
            }
        }
    }

    pub(crate) fn unusable(&self, path: &str, what: &str) -> Error {
        // Without its parameters.
        let path = path.split('?').next().unwrap_or_default();
        Error::Server {
            server: format!("{}{path}", self.base),
            what: what.trim().into(),
        }
    }
}

/// A text as a parameter of a URL.
pub(crate) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn roots(path: &Path) -> Result<RootCerts, Error> {
    let unreadable = |cause| Error::Unreadable {
        path: path.into(),
        cause,
    };
    let pem = std::fs::read(path).map_err(unreadable)?;
    let found = parse_pem(&pem).filter_map(|item| match item {
        Ok(PemItem::Certificate(own)) => Some(own),
        _ => None,
    });
    let found: Vec<_> = found.collect();
    if found.is_empty() {
        return Err(Error::Usage(format!(
            "{} has no certificate in PEM",
            path.display()
        )));
    }
    Ok(RootCerts::new_with_certs(&found))
}
