//! What surrounds every request: limits on bodies, protection from panics, and headers that tell browsers to be strict.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::HttpBody;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};
use service::problem::{Problem, answer_panic};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tower_http::catch_panic::CatchPanicLayer;

use super::AppState;

/// The largest body that is read.
pub(super) const MAX_BODY_BYTES: usize = 64 << 10;

/// Requests with a body that are handled at the same time. The others wait: all bodies together take bounded memory.
const MAX_BODIES: usize = 64;

/// How long a body may take to arrive, the wait for the others included.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// Nothing but what is served here, and no script or style within a page: what others sent cannot run even if it became
/// markup.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Puts the layers around the routes; the last one named here is the first to see a request.
pub(super) fn surround(routes: Router<AppState>) -> Router<AppState> {
    routes
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(from_fn_with_state(
            Arc::new(Semaphore::new(MAX_BODIES)),
            limit_bodies,
        ))
        .layer(CatchPanicLayer::custom(answer_panic))
        .layer(map_response(be_strict))
}

async fn limit_bodies(
    State(bodies): State<Arc<Semaphore>>,
    request: Request,
    next: Next,
) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let handled = async {
        let _permit = bodies.acquire().await.expect("never closed");
        next.run(request).await
    };
    timeout(BODY_TIMEOUT, handled).await.unwrap_or_else(|_| {
        let detail = format!(
            "the body did not arrive within {} s",
            BODY_TIMEOUT.as_secs()
        );
        Problem::new(StatusCode::REQUEST_TIMEOUT, "body_timeout", detail).into_response()
    })
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

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use axum::body::{Body, Bytes};
    use axum::routing::post;
    use futures_util::stream;
    use tower::ServiceExt;

    use super::*;

    async fn status(app: &Router, body: Body) -> u16 {
        let request = Request::post("/").body(body).expect("valid");
        let answer = app.clone().oneshot(request).await;
        answer.expect("layers never fail").status().as_u16()
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_is_given_up_and_makes_room_for_the_next() {
        let bodies = Arc::new(Semaphore::new(1));
        let app = Router::new()
            .route("/", post(async |_: Bytes| ()))
            .layer(from_fn_with_state(bodies, limit_bodies));
        let pending = || Body::from_stream(stream::pending::<Result<Bytes, Infallible>>());
        let (first, next, empty) = tokio::join!(
            status(&app, pending()),
            async {
                tokio::time::sleep(Duration::from_secs(1)).await;
                status(&app, Body::from("x")).await
            },
            status(&app, Body::empty()),
        );
        assert_eq!((first, next, empty), (408, 200, 200));
    }
}
