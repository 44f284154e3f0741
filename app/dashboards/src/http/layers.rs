//! The layers around every request: protection from panics, and headers that tell browsers to be strict.

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::middleware::map_response;
use axum::response::Response;
use service::browser::be_strict;
use service::problem::answer_panic;
use tower_http::catch_panic::CatchPanicLayer;

use super::AppState;

/// Nothing but what is served here, and no script or style within a page: what stands in a dashboard's file or in a label cannot
/// run even if it became markup. The hash is that of nothing: scripts of the page add empty style elements, and then rules to them.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' \
    'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='; font-src 'self'; img-src 'self' data:; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Puts the layers around the routes; the last one named here is the first to see a request.
pub(super) fn surround(routes: Router<AppState>) -> Router<AppState> {
    routes
        .layer(CatchPanicLayer::custom(answer_panic))
        .layer(map_response(async |response| {
            be_strict(response, CONTENT_SECURITY_POLICY)
        }))
}

/// Lets browsers keep what never changes under its name.
pub(super) fn keep<S: Clone + Send + Sync + 'static>(files: Router<S>) -> Router<S> {
    files.layer(map_response(async |mut response: Response| {
        if response.status().is_success() {
            let forever = HeaderValue::from_static("public, max-age=31536000, immutable");
            response
                .headers_mut()
                .insert(header::CACHE_CONTROL, forever);
        }
        response
    }))
}
