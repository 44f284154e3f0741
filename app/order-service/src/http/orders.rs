//! `POST /orders`: one order, from acceptance to its end.

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use service::parameters::Parameters;
use service::problem::Problem;
use tokio::time::timeout;
use uuid::Uuid;

use super::parameters::NoBody;
use super::{AppState, parameters, problem};
use crate::orders::{Finished, Order, OrderStatus};

/// What became of the order.
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
    RawQuery(query): RawQuery,
    _: NoBody,
) -> Result<Response, Problem> {
    let order = order(query.as_deref(), state.settings.faults)?;
    let receipt = state
        .desk
        .accept(order)
        .map_err(|reason| problem::rejected(reason, &state.desk, &state.service_time))?;
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

fn order(query: Option<&str>, faults: bool) -> Result<Order, Problem> {
    let parameters = Parameters::parse(query, &["fail", "slow", "slow_seconds"])?;
    let fail = parameters.flag("fail")?;
    let slow = parameters.flag("slow")?;
    let slowness = parameters::slowness(&parameters, slow, "slow=true")?;
    if (fail || slow) && !faults {
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
