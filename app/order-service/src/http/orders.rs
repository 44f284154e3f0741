//! `POST /orders`: one order, from acceptance to its end.

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use service::parameters::{Flag, Query};
use service::problem::Problem;
use tokio::time::timeout;
use uuid::Uuid;

use super::parameters::{NoBody, SlowSeconds, slowness};
use super::{AppState, problem};
use crate::orders::{Finished, Order, OrderStatus};

#[derive(Serialize)]
struct OrderAnswer {
    id: Uuid,
    status: &'static str,
    duration_seconds: f64,
}

/// The order that an answer is about, among its extensions.
#[derive(Debug, Clone, Copy)]
pub(super) struct OrderId(pub(super) Uuid);

pub(super) async fn place(
    State(state): State<Arc<AppState>>,
    Query(faults): Query<Faults>,
    _: NoBody,
) -> Result<Response, Problem> {
    let order = order(&faults, state.settings.faults)?;
    let receipt = state
        .admission
        .accept(order)
        .map_err(|reason| problem::rejected(reason, &state.admission, &state.service_time))?;
    let id = OrderId(receipt.id());
    let limit = state.settings.request_timeout;
    match timeout(limit, receipt.finished()).await {
        Ok(finished) => Ok(answer(&finished)),
        // The order is finished all the same, and counted then; only the answer is given up.
        Err(_elapsed) => {
            state.metrics.order_timed_out();
            Ok((Extension(id), problem::timeout(limit)).into_response())
        }
    }
}

/// The faults that a client can request.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Faults {
    fail: Flag,
    slow: Flag,
    slow_seconds: Option<SlowSeconds>,
}

fn order(faults: &Faults, admitted: bool) -> Result<Order, Problem> {
    let (Flag(fail), Flag(slow)) = (faults.fail, faults.slow);
    let slowness = slowness(faults.slow_seconds, slow, "slow=true")?;
    if (fail || slow) && !admitted {
        return Err(problem::faults_disabled());
    }
    Ok(Order {
        fail,
        slowness: if slow { slowness } else { Duration::ZERO },
    })
}

/// 201, or 500 for an order that failed, so that the failure is an error to the client and in the HTTP metrics.
fn answer(finished: &Finished) -> Response {
    let status = match finished.status() {
        OrderStatus::Success => StatusCode::CREATED,
        OrderStatus::Failure => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let body = OrderAnswer {
        id: finished.id,
        status: finished.status().as_str(),
        duration_seconds: finished.duration.as_secs_f64(),
    };
    (status, Json(body)).into_response()
}
