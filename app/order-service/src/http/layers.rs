//! What surrounds every request, from the outside in: measured, compressed, protected from panics, limited in time.
//!
//! The measurement is outermost, so that a panic and a time-out are counted as what the client got.

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use service::problem::answer_panic;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;

use super::AppState;
use super::problem;
use super::routes::ROUTES;
use crate::metrics::method_label;

/// Puts the layers around the routes; the last one named here is the first to see a request.
pub(super) fn surround(routes: Router<AppState>, state: &AppState) -> Router<AppState> {
    routes
        .layer(from_fn_with_state(state.clone(), limit_time))
        .layer(CatchPanicLayer::custom(answer_panic))
        .layer(CompressionLayer::new())
        .layer(from_fn_with_state(state.clone(), measure))
}

async fn measure(
    State(state): State<AppState>,
    matched: Option<MatchedPath>,
    request: Request,
    next: Next,
) -> Response {
    let route = matched.and_then(|matched| template(matched.as_str()));
    let timer = state
        .metrics
        .request_started(method_label(request.method().as_str()), route);
    let response = next.run(request).await;
    timer.answered(response.status().as_u16());
    response
}

/// The path's template as a static string, so that it can be a label without being copied.
fn template(matched: &str) -> Option<&'static str> {
    ROUTES
        .iter()
        .map(|route| route.path)
        .find(|path| *path == matched)
}

/// Accepted orders finish after the time-out too; only the answer is given up.
async fn limit_time(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let limit = state.settings.request_timeout;
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_elapsed) => problem::timeout(limit).into_response(),
    }
}
