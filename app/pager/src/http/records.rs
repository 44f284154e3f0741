//! For tools and operators: what was received, the heartbeat, the outages, health and metrics.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use service::parameters::{Query, read};
use service::problem::Problem;
use tracing::error;

use super::AppState;
use crate::deadman::{Heartbeat, HeartbeatState};
use crate::moment::Moment;
use crate::notification::{Entry, Receiver};
use crate::outages::OutageState;

/// Which records are wanted; all of them by default.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Selection {
    #[serde(deserialize_with = "since")]
    since: Option<Moment>,
    alertname: Option<String>,
}

fn since<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Moment>, D::Error> {
    let expected = "an RFC 3339 time (its + written %2B) or Unix seconds";
    read(deserializer, expected, |text| text.parse().ok()).map(Some)
}

/// `GET /notifications`: oldest first.
pub(super) async fn notifications(
    State(state): State<AppState>,
    Query(selection): Query<Selection>,
) -> Json<Vec<Arc<Entry>>> {
    let Selection { since, alertname } = selection;
    Json(state.inbox.select(since, alertname.as_deref()))
}

pub(super) async fn heartbeat(State(state): State<AppState>) -> Json<Heartbeat> {
    Json(state.switch.heartbeat())
}

pub(super) async fn outages(State(state): State<AppState>) -> Json<OutageState> {
    Json(state.outages.state())
}

pub(super) async fn start_outage(
    State(state): State<AppState>,
    Path(receiver): Path<String>,
) -> Result<Json<OutageState>, Problem> {
    set_outage(&state, &receiver, true)
}

pub(super) async fn end_outage(
    State(state): State<AppState>,
    Path(receiver): Path<String>,
) -> Result<Json<OutageState>, Problem> {
    set_outage(&state, &receiver, false)
}

fn set_outage(state: &AppState, name: &str, on: bool) -> Result<Json<OutageState>, Problem> {
    let receiver = Receiver::ALL
        .into_iter()
        .find(|known| known.as_str() == name);
    if receiver.is_some_and(|receiver| state.outages.set(receiver, on)) {
        return Ok(Json(state.outages.state()));
    }
    Err(Problem::new(
        StatusCode::NOT_FOUND,
        "unknown_receiver",
        format!("there is no endpoint {name:?}; there are slack, pagerduty and webhook"),
    ))
}

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
