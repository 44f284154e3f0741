//! Endpoints for operators and their tools: health and metrics.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use service::problem::Problem;
use tracing::error;

use super::AppState;
use crate::deadman::HeartbeatState;

pub(super) async fn health() -> Json<Value> {
    Json(json!({"status": "ok"}))
}

pub(super) async fn metrics(State(state): State<AppState>) -> Response {
    let age = state.switch.age().as_secs_f64();
    let silent = state.switch.heartbeat().state == HeartbeatState::Silent;
    match state.metrics.render(age, silent) {
        Ok(page) => ([(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)], page).into_response(),
        Err(failure) => {
            error!(error = %failure, "no metrics to expose");
            Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "metrics_unavailable",
                "the metrics cannot be gathered",
            )
            .into_response()
        }
    }
}
