//! Failures that cannot be caused from outside: a handler or a worker that panics.

use std::io::{PipeReader, Read, pipe};
use std::panic;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use http_body_util::BodyExt;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use serde_json::Value;
use service::logging;
use tower::ServiceExt;
use tracing::subscriber::DefaultGuard;

use super::layers::measure;
use super::*;
use crate::metrics::{ResourceAttributes, Telemetry};
use crate::orders::{OrderProcessor, OrderQueue, ServiceTime};

/// Keeps what is logged.
struct Log {
    written: PipeReader,
    logging: DefaultGuard,
}

impl Log {
    fn start() -> Self {
        let (written, writer) = pipe().expect("a pipe");
        let log = tracing_subscriber::fmt().json().flatten_event(true);
        let log = log.with_writer(Mutex::new(writer)).finish();
        let logging = tracing::subscriber::set_default(log);
        Self { written, logging }
    }

    /// One event a line.
    fn end(mut self) -> Vec<Value> {
        drop(self.logging);
        let mut log = String::new();
        self.written.read_to_string(&mut log).expect("text");
        let lines = log.lines().map(serde_json::from_str);
        lines.collect::<Result<_, _>>().expect("JSON")
    }
}

/// What keeps the endpoints working: without it there are no metrics and no workers.
type Backend = (SdkMeterProvider, OrderProcessor);

/// What the endpoints work with, and what is behind it.
fn state() -> (Arc<AppState>, Backend) {
    state_with(|| Duration::ZERO)
}

fn state_with(
    service_time: impl Fn() -> Duration + Send + Sync + 'static,
) -> (Arc<AppState>, Backend) {
    let queue = OrderQueue::new(1, 1);
    let telemetry = Telemetry::new(&queue, ResourceAttributes::default(), answers())
        .expect("the names are distinct");
    let metrics = Arc::new(telemetry.metrics);
    let log = Arc::new(FailureLog::default());
    let events = Arc::new((Arc::clone(&metrics), Arc::clone(&log)));
    let processor = OrderProcessor::start(queue, service_time, events);
    let state = AppState {
        admission: processor.admission(),
        service_time: ServiceTime::new(Duration::ZERO, 0.0),
        metrics,
        exposition: telemetry.exposition,
        log,
        draining: CancellationToken::new(),
        settings: HttpSettings {
            request_timeout: Duration::from_secs(1),
            faults: true,
        },
        links: Links::default(),
    };
    (Arc::new(state), (telemetry.provider, processor))
}

/// The answer to a request: its status and its body, which is JSON.
async fn send(app: Router, method: &str, path: &str) -> (u16, Value) {
    let request = Request::builder().method(method).uri(path);
    let request = request.body(Body::empty()).expect("valid");
    let response = app.oneshot(request).await.expect("layers never fail");
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.expect("complete");
    (
        status,
        serde_json::from_slice(&body.to_bytes()).expect("JSON"),
    )
}

/// The answer to a request during which something panics, with the panic logged as the program logs it.
async fn send_into_panic(app: Router, method: &str, path: &str) -> (u16, Value) {
    /// The hook is the whole process's: while it is another one, a test that fails elsewhere says nothing.
    static ONE_AT_A_TIME: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    let _alone = ONE_AT_A_TIME.lock().await;
    let standard_hook = panic::take_hook();
    logging::log_panics();
    let answer = send(app, method, path).await;
    panic::set_hook(standard_hook);
    answer
}

#[tokio::test]
async fn a_worker_that_panics_is_an_answered_500_a_counted_failure_and_says_so() {
    let log = Log::start();
    let (state, backend) = state_with(|| panic!("on purpose"));

    // More often than there are workers.
    let mut ids = Vec::new();
    for _ in 0..3 {
        let app = app(Arc::clone(&state));
        let (status, answer) = send_into_panic(app, "POST", "/orders").await;
        assert_eq!((status, &answer["status"]), (500, &"failure".into()));
        ids.push(answer["id"].clone());
    }

    let page = state.exposition.render().expect("there are metrics");
    for line in [
        r#"orders_processed_total{status="failure"} 3"#,
        "order_workers 1",
        "order_workers_busy 0",
    ] {
        assert!(page.lines().any(|other| other == line), "{line}: {page}");
    }
    drop(backend);
    let mut lines = log.end();
    lines.retain(|line| line["message"] == "order failed");
    let logged: Vec<_> = lines.iter().map(|line| line["order.id"].clone()).collect();
    assert_eq!(logged, ids);
    assert!(
        lines
            .iter()
            .all(|line| line["cause"] == "its worker panicked")
    );
}

#[tokio::test]
async fn a_panic_is_an_answered_500_a_counted_500_and_two_log_lines() {
    async fn panics() {
        panic!("on purpose");
    }
    let log = Log::start();
    let (state, backend) = state();
    let measure = from_fn_with_state(Arc::clone(&state), measure);
    let app = Router::new().route("/health", get(panics)).layer(measure);

    let (status, problem) = send_into_panic(app, "GET", "/health").await;

    assert_eq!(status, 500);
    assert_eq!(problem["code"], "internal_error");
    assert!(!problem.to_string().contains("on purpose"), "{problem}");
    let page = state.exposition.render().expect("there are metrics");
    let counted = r#"http_server_request_duration_seconds_count{error_type="500",http_request_method="GET",http_response_status_code="500",http_route="/health",url_scheme="http"} 1"#;
    assert!(page.contains(counted), "{page}");
    drop(backend);
    // What happened where, and which request it was.
    let [panicked, failed] = &log.end()[..] else {
        panic!("not two lines");
    };
    assert_eq!(panicked["panic.message"], "on purpose");
    let place = panicked["panic.location"].as_str().expect("a place");
    assert!(place.contains("http/tests.rs"), "{place}");
    assert_eq!(failed["message"], "request failed");
    assert_eq!(
        (&failed["route"], &failed["status"]),
        (&"/health".into(), &500.into())
    );
    assert_eq!(failed["cause"], "internal_error");
}
