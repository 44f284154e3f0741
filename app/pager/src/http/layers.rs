//! The layers around every request: a limit on the body, protection from panics, and headers that tell browsers to be strict.
//! Around every message, also limits on how many are read at once, and for how long.

use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::map_response;
use service::browser::be_strict;
use service::problem::answer_panic;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;

use super::AppState;

/// The largest body that is read: `PagerDuty`'s limit. Slack documents none.
pub(super) const MAX_BODY_BYTES: usize = 512 << 10;
/// Messages that are read at once; others wait. Together with the size of a body this bounds the memory that they take.
const MAX_MESSAGES: usize = 32;
/// How long one of them may take to arrive.
const MESSAGE_DEADLINE: Duration = Duration::from_secs(10);

/// Nothing but what is served here, and no script or style within a page: what others sent cannot run even if it became
/// markup.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Puts the layers around the routes; the last one named here is the first to see a request.
pub(super) fn surround(routes: Router<AppState>) -> Router<AppState> {
    routes
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(CatchPanicLayer::custom(answer_panic))
        .layer(map_response(async |response| {
            be_strict(response, CONTENT_SECURITY_POLICY)
        }))
}

/// Puts the limits around the paths that take messages.
pub(super) fn limit(messages: Router<AppState>) -> Router<AppState> {
    messages
        .route_layer(TimeoutLayer::with_status_code(
            StatusCode::REQUEST_TIMEOUT,
            MESSAGE_DEADLINE,
        ))
        .route_layer(GlobalConcurrencyLimitLayer::new(MAX_MESSAGES))
}
