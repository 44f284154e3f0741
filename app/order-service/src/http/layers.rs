//! What surrounds every request: measurement, with a log line for each failure, and protection from panics, which are counted as
//! what the client got.
//!
//! Limits on connections and headers are further out: [`service::server`]. Those on the time for an answer are where something is
//! waited for: [`super::orders`], [`super::simulate`].

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use futures_util::FutureExt;
use service::problem::{Code, answer_panic};

use super::AppState;
use super::orders::OrderId;
use crate::log::FailedRequest;
use crate::metrics::method_label;

pub(super) async fn measure(
    State(state): State<Arc<AppState>>,
    matched: Option<MatchedPath>,
    request: Request,
    next: Next,
) -> Response {
    let route = matched.as_ref().map(MatchedPath::as_str);
    let timer = state.metrics.request_started(
        method_label(request.method().as_str()),
        route.map(ToOwned::to_owned),
    );
    let answered = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    let response = answered.unwrap_or_else(answer_panic);
    let status = response.status();
    // The 500 of a failed order is no problem but its result, which is logged where the order ends.
    let problem = response.extensions().get();
    if let (true, Some(Code(cause))) = (status.is_server_error(), problem) {
        let order = response.extensions().get().map(|OrderId(id)| *id);
        state.log.request_failed(&FailedRequest {
            route,
            status: status.as_u16(),
            cause,
            order,
            duration: timer.elapsed(),
        });
    }
    timer.answered(status.as_u16());
    response
}
