//! A running service, with folders and a Prometheus of its own, and a client for it.

use std::collections::HashMap;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName};
use axum::response::{IntoResponse, Response};
use dashboards::config::Config;
use dashboards::server::{ReadLimits, Server};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use ureq::Agent;

/// A request as Prometheus got it.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// With its query, as it came over the wire.
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// A stand-in for Prometheus. What it answers depends on the parameter `query`: `slow` takes half a second, `huge` is an answer of
/// 11 MB, anything else is echoed.
#[derive(Default)]
pub(crate) struct Prometheus {
    pub(crate) asked: Mutex<Vec<Asked>>,
    at_once: AtomicUsize,
    /// The most requests that there were at the same time.
    pub(crate) most_at_once: AtomicUsize,
}

async fn answer(State(prometheus): State<Arc<Prometheus>>, request: Request) -> Response {
    let at_once = prometheus.at_once.fetch_add(1, Ordering::SeqCst) + 1;
    prometheus.most_at_once.fetch_max(at_once, Ordering::SeqCst);
    let (head, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.expect("a whole body");
    let asked = Asked {
        method: head.method.to_string(),
        path: head.uri.to_string(),
        headers: head.headers,
        body: String::from_utf8(body.into()).expect("text"),
    };
    let all = asked.path.clone() + &asked.body;
    prometheus.asked.lock().expect("no panic").push(asked);
    let response = if all.contains("query=huge") {
        Body::from(vec![b' '; 11 << 20]).into_response()
    } else {
        if all.contains("query=slow") {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        axum::Json(serde_json::json!({"status": "success", "data": []})).into_response()
    };
    prometheus.at_once.fetch_sub(1, Ordering::SeqCst);
    response
}

/// A service in this process, on a port of its own. Stopped when dropped.
pub(crate) struct Service {
    pub(crate) prometheus: Arc<Prometheus>,
    /// Holds `dashboards`, `practice`, `page` and `datasources.yml`.
    pub(crate) files: TempDir,
    base: String,
    agent: Agent,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Service {
    pub(crate) fn start() -> Self {
        Self::start_within(ReadLimits::DEFAULT)
    }

    pub(crate) fn start_within(limits: ReadLimits) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let prometheus = Arc::new(Prometheus::default());
        let port = serve(&runtime, prometheus.clone()).port();
        let files = tempfile::tempdir().expect("a folder");
        write_files(&files, &format!("http://127.0.0.1:{port}/prefix/"));
        Self::start_with(runtime, prometheus, files, limits)
    }

    /// With an address at which nothing listens.
    pub(crate) fn start_without_prometheus() -> Self {
        let files = tempfile::tempdir().expect("a folder");
        write_files(&files, "http://127.0.0.1:1");
        let runtime = Runtime::new().expect("a runtime");
        Self::start_with(runtime, Arc::default(), files, ReadLimits::DEFAULT)
    }

    fn start_with(
        runtime: Runtime,
        prometheus: Arc<Prometheus>,
        files: TempDir,
        limits: ReadLimits,
    ) -> Self {
        let path = |name: &str| files.path().join(name).display().to_string();
        let settings = HashMap::from([
            ("DASHBOARDS_ADDRESS", "127.0.0.1:0".to_owned()),
            (
                "DASHBOARDS_FOLDERS",
                path("dashboards") + ":" + &path("practice"),
            ),
            ("DASHBOARDS_HOME", "first".to_owned()),
            ("DASHBOARDS_DATASOURCES", path("datasources.yml")),
            ("DASHBOARDS_PAGE", path("page")),
        ]);
        let config = Config::from_lookup(|name| settings.get(name).cloned());
        let config = config.expect("the settings are valid");
        let server = runtime
            .block_on(Server::build_within(config, limits))
            .expect("port 0 is always free");
        let base = format!("http://{}", server.address());
        let (stop, stopped) = oneshot::channel();
        let thread = thread::spawn(move || {
            runtime.block_on(server.run(async {
                // An error means that the test is over, which is a reason to stop as well.
                let _ = stopped.await;
            }));
        });
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .build();
        Self {
            prometheus,
            files,
            base,
            agent: agent.into(),
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    pub(crate) fn write(&self, path: &str, content: &str) {
        fs::write(self.files.path().join(path), content).expect("writable");
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[], "")
    }

    pub(crate) fn post_form(&self, path: &str, body: &str) -> Reply {
        let form = ("content-type", "application/x-www-form-urlencoded");
        self.send("POST", path, &[form], body)
    }

    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Reply {
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.to_owned()).expect("a valid request");
        let mut answer = self.agent.run(request).expect("an answer");
        Reply {
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            body: answer.body_mut().read_to_vec().expect("an answer"),
        }
    }

    /// What Prometheus was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.prometheus.asked.lock().expect("no panic").clone()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.stop = None;
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(
            thread::panicking() || matches!(ended, Some(Ok(()))),
            "the service ended with a panic"
        );
    }
}

fn serve(runtime: &Runtime, prometheus: Arc<Prometheus>) -> SocketAddr {
    let listener = runtime
        .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
        .expect("port 0 is always free");
    let address = listener.local_addr().expect("bound");
    let app = Router::new().fallback(answer).with_state(prometheus);
    runtime.spawn(async { axum::serve(listener, app).await });
    address
}

fn write_files(files: &TempDir, prometheus: &str) {
    let path = |name: &str| -> PathBuf { files.path().join(name) };
    for folder in ["dashboards", "practice", "page/assets"] {
        fs::create_dir_all(path(folder)).expect("a folder");
    }
    for (name, content) in [
        (
            "dashboards/first.json",
            r#"{"uid": "first", "title": "First", "tags": ["shown"], "panels": []}"#,
        ),
        (
            "practice/practice.json",
            r#"{"uid": "practice", "title": "Practice", "panels": [{"id": 1}]}"#,
        ),
        ("page/index.html", "<!doctype html>"),
        ("page/index.html.gz", "compressed"),
        ("page/assets/page-ABC.js", "script"),
        ("secret.json", "{}"),
    ] {
        fs::write(path(name), content).expect("writable");
    }
    let sources = format!(
        "apiVersion: 1\n\
         datasources:\n\
         - {{name: Prometheus, uid: prometheus, type: prometheus, url: '{prometheus}', isDefault: true, jsonData: {{timeInterval: 5s}}}}\n\
         - {{name: Alertmanager, uid: alertmanager, type: alertmanager, url: 'http://127.0.0.1:1'}}\n"
    );
    fs::write(path("datasources.yml"), sources).expect("writable");
}

/// An answer, read to its end.
pub(crate) struct Reply {
    pub(crate) status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Reply {
    pub(crate) fn header(&self, name: &'static str) -> &str {
        let value = self.headers.get(HeaderName::from_static(name));
        value
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    pub(crate) fn text(&self) -> &str {
        str::from_utf8(&self.body).expect("text")
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(self.text()).unwrap_or_else(|_| panic!("not JSON: {}", self.text()))
    }
}
