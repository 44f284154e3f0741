//! What a running service cannot be made to do: a handler that panics, and metrics that are gone.

use std::io;
use std::panic;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::routing::get;
use http_body_util::BodyExt;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use serde_json::Value;
use service::logging;
use tower::ServiceExt;
use tracing_subscriber::fmt::MakeWriter;

use super::layers::surround;
use super::*;
use crate::metrics::Telemetry;
use crate::orders::{OrderProcessor, OrderQueue, ServiceTime};

/// Keeps what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        let bytes = self.0.lock().expect("no test panics while it logs").clone();
        String::from_utf8(bytes).expect("the log is text")
    }
}

impl io::Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0
            .lock()
            .expect("no test panics while it logs")
            .extend_from_slice(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// What the endpoints work with, and the meter provider behind the metrics.
fn state() -> (AppState, SdkMeterProvider) {
    let queue = OrderQueue::new(1, 1);
    let telemetry = Telemetry::new(&queue, answers()).expect("the names are distinct");
    let metrics = Arc::new(telemetry.metrics);
    let service_time = ServiceTime::new(Duration::ZERO, 0.0);
    let processor = OrderProcessor::start(queue, service_time, metrics.clone());
    let state = AppState {
        desk: processor.desk(),
        service_time,
        metrics,
        exposition: Arc::new(telemetry.exposition),
        readiness: Readiness::default(),
        settings: HttpSettings {
            request_timeout: Duration::from_secs(1),
            faults: true,
        },
        links: Links::default(),
    };
    (state, telemetry.provider)
}

/// The answer to `GET path`: its status and its body, which is JSON.
async fn get_json(app: Router, path: &str) -> (u16, Value) {
    let request = Request::get(path).body(Body::empty()).expect("valid");
    let response = app.oneshot(request).await.expect("layers never fail");
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.expect("complete");
    (
        status,
        serde_json::from_slice(&body.to_bytes()).expect("JSON"),
    )
}

#[tokio::test]
async fn metrics_that_are_gone_are_a_503() {
    let (state, provider) = state();
    drop(provider);

    let (status, problem) = get_json(app(state), "/metrics").await;

    assert_eq!(status, 503);
    assert_eq!(problem["code"], "metrics_unavailable");
}

#[tokio::test]
async fn a_panic_is_an_answered_500_a_counted_500_and_one_log_line() {
    async fn panics() {
        panic!("on purpose");
    }
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    let _logging = tracing::subscriber::set_default(subscriber);
    let (state, _provider) = state();
    let app =
        surround(Router::new().route("/health", get(panics)), &state).with_state(state.clone());

    // The hook is the whole process's: while another one is set, a test that fails elsewhere says nothing.
    let standard_hook = panic::take_hook();
    logging::log_panics();
    let (status, problem) = get_json(app, "/health").await;
    panic::set_hook(standard_hook);

    assert_eq!(status, 500);
    assert_eq!(problem["code"], "internal_error");
    assert!(!problem.to_string().contains("on purpose"), "{problem}");
    let page = state.exposition.render().expect("there are metrics");
    let counted = r#"http_server_request_duration_seconds_count{error_type="500",http_request_method="GET",http_response_status_code="500",http_route="/health",url_scheme="http"} 1"#;
    assert!(page.contains(counted), "{page}");
    let log = log.text();
    assert_eq!(log.lines().count(), 1, "{log}");
    assert!(
        log.contains("on purpose") && log.contains("http/tests.rs"),
        "{log}"
    );
}
