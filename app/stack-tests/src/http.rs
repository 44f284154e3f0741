//! A client for whatever answers with JSON or text.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use ureq::Agent;
use ureq::http::Request;

/// The longest a single request may take: longer than the longest batch that the service admits.
const TIMEOUT: Duration = Duration::from_secs(130);

/// Speaks to one server.
#[derive(Clone)]
pub struct Client {
    base: String,
    agent: Agent,
}

/// An answer, read to its end.
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// The text.
    pub body: String,
}

impl Client {
    /// A client for the server on a port of this machine.
    pub fn new(port: u16) -> Self {
        Self::at(format!("http://localhost:{port}"))
    }

    /// A client for the server at an address, to which paths are added.
    pub fn at(base: String) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(TIMEOUT))
            .build();
        Self {
            base,
            agent: config.into(),
        }
    }

    /// GET, whatever the status of the answer.
    pub fn get(&self, path: &str) -> Result<Reply> {
        let mut answer = self.agent.get(format!("{}{path}", self.base)).call()?;
        Ok(Reply {
            status: answer.status().as_u16(),
            body: answer.body_mut().read_to_string()?,
        })
    }

    /// POST without a body, whatever the status of the answer.
    pub fn post(&self, path: &str) -> Result<Reply> {
        let mut answer = self
            .agent
            .post(format!("{}{path}", self.base))
            .send_empty()?;
        Ok(Reply {
            status: answer.status().as_u16(),
            body: answer.body_mut().read_to_string()?,
        })
    }

    /// POST of JSON, whatever the status of the answer.
    pub fn post_json(&self, path: &str, body: &Value) -> Result<Reply> {
        let mut answer = self
            .agent
            .post(format!("{}{path}", self.base))
            .send_json(body)?;
        Ok(Reply {
            status: answer.status().as_u16(),
            body: answer.body_mut().read_to_string()?,
        })
    }

    /// Any other method, without a body, whatever the status of the answer.
    pub fn send(&self, method: &str, path: &str) -> Result<Reply> {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .body(())?;
        let mut answer = self.agent.run(request)?;
        Ok(Reply {
            status: answer.status().as_u16(),
            body: answer.body_mut().read_to_string()?,
        })
    }

    /// GET with query parameters, expecting 200 and JSON.
    pub fn json(&self, path: &str, parameters: &[(&str, &str)]) -> Result<Value> {
        let mut request = self.agent.get(format!("{}{path}", self.base));
        for (name, value) in parameters {
            request = request.query(name, value);
        }
        let mut answer = request.call().with_context(|| format!("GET {path}"))?;
        let body = answer.body_mut().read_to_string()?;
        ensure!(
            answer.status() == 200,
            "{path} answered {}: {body}",
            answer.status()
        );
        Ok(serde_json::from_str(&body)?)
    }
}

impl Reply {
    /// The text as JSON.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.body).with_context(|| format!("not JSON: {}", self.body))
    }
}
