//! What operators and their tools ask for: health, readiness, metrics, and what there is.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use service::problem::Problem;
use tracing::error;

use super::AppState;
use super::problem;
use crate::metrics::CONTENT_TYPE;

const INDEX: &str = "\
order-service: a simulated order-processing service, instrumented with OpenTelemetry metrics

POST /orders                     one order through queue and worker
     ?fail=true                    forced failure
     ?slow=true&slow_seconds=3     forced slowness, 0 to 60 s
POST /simulate                   20 synthetic orders and a summary
     ?count=50                     how many, 1 to 10000
     ?error_rate=0.5               exact share that fails, 0 to 1
     ?slow_rate=0.5                exact share that is slow, 0 to 1
     ?slow_seconds=3               how slow, 0 to 60 s
     ?seed=7                       which ones they are
GET  /metrics                    Prometheus text
GET  /health                     alive
GET  /ready                      ready for orders; 503 while shutting down
GET  /                           this page

Try: curl -X POST \"http://localhost:8000/simulate?count=50&error_rate=0.5\"
";

pub(super) async fn index() -> &'static str {
    INDEX
}

pub(super) async fn health() -> Json<Value> {
    Json(json!({"status": "ok"}))
}

pub(super) async fn ready(State(state): State<AppState>) -> Result<Json<Value>, Problem> {
    if state.readiness.is_draining() {
        return Err(problem::not_ready());
    }
    Ok(Json(json!({"status": "ready"})))
}

pub(super) async fn metrics(State(state): State<AppState>) -> Response {
    match state.exposition.render() {
        Ok(page) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], page).into_response(),
        Err(failure) => {
            error!(error = %failure, "no metrics to expose");
            problem::metrics_unavailable().into_response()
        }
    }
}
