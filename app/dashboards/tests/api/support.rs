//! The viewer as these tests start it.

use std::fs;
use std::net::SocketAddr;
use std::ops::Deref;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use service::testing::{Reply, Service};
use tempfile::TempDir;
use tokio::runtime::Runtime;

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

/// The viewer, running, with a Prometheus and files of its own.
pub(crate) struct Viewer {
    service: Service,
    pub(crate) prometheus: Arc<Prometheus>,
    /// Holds `dashboards`, `practice`, `page` and `datasources.yml`.
    files: TempDir,
    /// Runs the Prometheus.
    _runtime: Runtime,
}

impl Deref for Viewer {
    type Target = Service;

    fn deref(&self) -> &Service {
        &self.service
    }
}

impl Viewer {
    pub(crate) fn start() -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let prometheus = Arc::new(Prometheus::default());
        let address = serve(&runtime, prometheus.clone());
        Self::start_with(runtime, prometheus, &format!("http://{address}/prefix/"))
    }

    /// With an address at which nothing listens.
    pub(crate) fn start_without_prometheus() -> Self {
        let runtime = Runtime::new().expect("a runtime");
        Self::start_with(runtime, Arc::default(), "http://127.0.0.1:1")
    }

    fn start_with(runtime: Runtime, prometheus: Arc<Prometheus>, address: &str) -> Self {
        let files = tempfile::tempdir().expect("a folder");
        write_files(&files, address);
        let path = |name: &str| files.path().join(name).display().to_string();
        let folders = path("dashboards") + ":" + &path("practice");
        let mut program = Command::new(env!("CARGO_BIN_EXE_dashboards"));
        program.env_clear().envs([
            ("DASHBOARDS_ADDRESS", "127.0.0.1:0"),
            ("DASHBOARDS_FOLDERS", &folders),
            ("DASHBOARDS_HOME", "first"),
            ("DASHBOARDS_DATASOURCES", &path("datasources.yml")),
            ("DASHBOARDS_PAGE", &path("page")),
        ]);
        Self {
            service: Service::start(&mut program),
            prometheus,
            files,
            _runtime: runtime,
        }
    }

    pub(crate) fn write(&self, path: &str, content: &str) {
        fs::write(self.files.path().join(path), content).expect("writable");
    }

    pub(crate) fn post_form(&self, path: &str, body: &str) -> Reply {
        let form = ("content-type", "application/x-www-form-urlencoded");
        self.send_with("POST", path, body, &[form])
    }

    /// What Prometheus was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.prometheus.asked.lock().expect("no panic").clone()
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
