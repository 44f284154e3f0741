//! What surrounds every request: a limit on the body, protection from panics, and headers that tell browsers to be strict.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderValue, header};
use axum::middleware::map_response;
use axum::response::Response;
use service::problem::answer_panic;
use tower_http::catch_panic::CatchPanicLayer;

use super::AppState;

/// The largest body that is read.
pub(super) const MAX_BODY_BYTES: usize = 64 << 10;

/// Nothing but what is served here, and no script or style within a page: what others sent cannot run even if it became
/// markup.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Puts the layers around the routes; the last one named here is the first to see a request.
pub(super) fn surround(routes: Router<AppState>) -> Router<AppState> {
    routes
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(CatchPanicLayer::custom(answer_panic))
        .layer(map_response(be_strict))
}

async fn be_strict(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        // Everything here changes: with what arrives, or with the next version.
        (header::CACHE_CONTROL, "no-cache"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
