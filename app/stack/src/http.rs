//! A client for whatever answers with JSON or text.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use ureq::http::{Request, Response};
use ureq::{Agent, Body};

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
            // What the environment names does not know this machine's loopback.
            .proxy(None)
            .timeout_global(Some(TIMEOUT))
            .build();
        Self {
            base,
            agent: config.into(),
        }
    }

    /// GET, whatever the status of the answer.
    pub fn get(&self, path: &str) -> Result<Reply> {
        self.send("GET", path)
    }

    /// POST without a body, whatever the status of the answer.
    pub fn post(&self, path: &str) -> Result<Reply> {
        Reply::read(self.agent.post(self.url(path)).send_empty()?)
    }

    /// POST of JSON, whatever the status of the answer.
    pub fn post_json(&self, path: &str, body: &Value) -> Result<Reply> {
        Reply::read(self.agent.post(self.url(path)).send_json(body)?)
    }

    /// Any other method, without a body, whatever the status of the answer.
    pub fn send(&self, method: &str, path: &str) -> Result<Reply> {
        let request = Request::builder().method(method).uri(self.url(path));
        Reply::read(self.agent.run(request.body(())?)?)
    }

    /// GET with query parameters, expecting 200 and JSON.
    pub fn json(&self, path: &str, parameters: &[(&str, &str)]) -> Result<Value> {
        let mut request = self.agent.get(self.url(path));
        for (name, value) in parameters {
            request = request.query(name, value);
        }
        let reply = Reply::read(request.call().with_context(|| format!("GET {path}"))?)?;
        let Reply { status, body } = &reply;
        ensure!(*status == 200, "{path} answered {status}: {body}");
        reply.json()
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}

impl Reply {
    fn read(mut answer: Response<Body>) -> Result<Self> {
        Ok(Self {
            status: answer.status().as_u16(),
            body: answer.body_mut().read_to_string()?,
        })
    }

    /// The text as JSON.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.body).with_context(|| format!("not JSON: {}", self.body))
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::process::Command;
    use std::{env, thread};

    use super::Client;

    /// In a process of its own: the environment of this one cannot be changed safely.
    #[test]
    fn loopback_is_never_asked_through_a_proxy() {
        const NAME: &str = "http::tests::loopback_is_never_asked_through_a_proxy";
        const PROXIES: [&str; 3] = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];
        if env::var_os(PROXIES[0]).is_none() {
            let mut again = Command::new(env::current_exe().expect("this program"));
            again
                .args(["--exact", NAME])
                .envs(PROXIES.map(|name| (name, "http://127.0.0.1:9")));
            let again = again.env_remove("NO_PROXY").env_remove("no_proxy").output();
            let text = String::from_utf8(again.expect("it runs").stdout).expect("UTF-8");
            assert!(text.contains("1 passed"), "{text}");
            return;
        }
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("bound").port();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept()?;
            let _ = stream.read(&mut [0; 1024])?;
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        });
        let reply = Client::new(port).get("/").expect("an answer");
        assert_eq!(reply.body, "ok");
    }
}
