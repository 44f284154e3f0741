//! Endpoints for operators and their tools: health, readiness, metrics. The list of all paths: [`super::index`].

use std::sync::Arc;

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

pub(super) async fn health() -> Json<Value> {
    Json(json!({"status": "ok"}))
}

pub(super) async fn ready(State(state): State<Arc<AppState>>) -> Result<Json<Value>, Problem> {
    if state.draining.is_cancelled() {
        return Err(problem::not_ready());
    }
    Ok(Json(json!({"status": "ready"})))
}

pub(super) async fn metrics(State(state): State<Arc<AppState>>) -> Response {
    match state.exposition.render() {
        Ok(page) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], page).into_response(),
        Err(failure) => {
            error!(error = %failure, "no metrics to expose");
            problem::metrics_unavailable().into_response()
        }
    }
}
