//! Speaks HTTP to one server: its address with a path prefix, Basic authentication, a CA of its own.

use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine};
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use serde_json::Value;
use ureq::Agent;
use ureq::http::header::AUTHORIZATION;
use ureq::http::{Method, Request, Uri};
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

use crate::error::{Error, Result};

/// The longest that one answer may take: the loop that watches waits for it.
const TIMEOUT: Duration = Duration::from_secs(5);

// What all servers have in common; a doc comment would be that of the whole program.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Access {
    /// NAME:PASSWORD for the servers whose URL has none
    #[arg(long, env = "DRILL_USER", hide_env_values = true)]
    user: Option<String>,
    /// Certificates (PEM) that are trusted instead of the public ones
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
}

pub(crate) struct Client {
    /// Address without credentials.
    pub(crate) base: String,
    authorization: Option<String>,
    agent: Agent,
}

impl Client {
    pub(crate) fn new(url: &str, access: &Access) -> Result<Self> {
        let uri: Uri = url.parse().unwrap_or_default();
        let parts = uri.scheme_str().zip(uri.authority());
        let Some((scheme @ ("http" | "https"), authority)) = parts else {
            let wanted = "wanted: http://HOST:PORT or https://HOST, and its path prefix";
            let text = format!("`{url}` is not the address of a server; {wanted}");
            return Err(Error::Usage(text));
        };
        let (user, host) = match authority.as_str().rsplit_once('@') {
            Some((user, host)) => (Some(percent_decode_str(user).decode_utf8_lossy()), host),
            None => (access.user.as_deref().map(Into::into), authority.as_str()),
        };
        let roots = access.ca.as_deref().map_or(Ok(RootCerts::WebPki), roots)?;
        let tls = TlsConfig::builder().root_certs(roots).build();
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            // What the environment names does not know this machine's loopback.
            .proxy(None)
            .tls_config(tls)
            .build();
        let path = uri.path().trim_end_matches('/');
        Ok(Self {
            base: format!("{scheme}://{host}{path}"),
            authorization: user.map(|user| format!("Basic {}", BASE64_STANDARD.encode(&*user))),
            agent: agent.into(),
        })
    }

    pub(crate) fn text(&self, path: &str) -> Result<String> {
        self.send(&Method::GET, path, TIMEOUT)
    }

    /// The part of an answer in JSON at a pointer (RFC 6901).
    pub(crate) fn json<T: DeserializeOwned>(&self, path: &str, at: &str) -> Result<T> {
        let bad = |error| self.unusable(path, &format!("unexpected answer: {error}"));
        let mut answer: Value = serde_json::from_str(&self.text(path)?).map_err(bad)?;
        let part = answer.pointer_mut(at).map(Value::take);
        serde_json::from_value(part.unwrap_or_default()).map_err(bad)
    }

    pub(crate) fn send(&self, method: &Method, path: &str, patience: Duration) -> Result<String> {
        let silent = |error: ureq::Error| self.unusable(path, &format!("no answer: {error}"));
        let url = format!("{}{path}", self.base);
        let mut request = Request::builder().method(method).uri(url);
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let request = request.body(()).map_err(|error| silent(error.into()))?;
        let request = self.agent.configure_request(request);
        let request = request.timeout_global(Some(patience)).build();
        let mut answer = self.agent.run(request).map_err(silent)?;
        let text = answer.body_mut().read_to_string().map_err(silent)?;
        let what = match answer.status().as_u16() {
            200..300 => return Ok(text),
            401 | 403 => "not allowed: is a user missing? (--user NAME:PASSWORD)".into(),
            404 => "not found: is a path prefix missing in the URL?".into(),
            status => {
                // Prometheus says in the text what is wrong with a query.
                let answer: Value = serde_json::from_str(&text).unwrap_or_default();
                let why = answer["error"].as_str().unwrap_or_default();
                format!("status {status} {why}")
            }
        };
        Err(self.unusable(path, &what))
    }

    pub(crate) fn unusable(&self, path: &str, what: &str) -> Error {
        // Without its parameters.
        let path = path.split('?').next().unwrap_or_default();
        let (server, what) = (format!("{}{path}", self.base), what.trim().into());
        Error::Server { server, what }
    }
}

fn roots(path: &Path) -> Result<RootCerts> {
    let pem = std::fs::read(path).map_err(Error::unreadable(path))?;
    let items = parse_pem(&pem).flatten();
    let found = items.filter_map(|item| match item {
        PemItem::Certificate(own) => Some(own),
        _ => None,
    });
    let found: Vec<_> = found.collect();
    if found.is_empty() {
        let path = path.display();
        return Err(Error::Usage(format!("{path} has no certificate in PEM")));
    }
    Ok(found.into())
}
