//! The parameters that are specific to orders; how a query is parsed: [`service::parameters`].

use std::time::Duration;

use axum::body::{HttpBody, to_bytes};
use axum::extract::{FromRequest, Request};
use service::parameters::Number;
use service::problem::Problem;
use tokio::time::timeout;

use super::problem;

/// What is added to the service time of a slow order, unless told otherwise.
const DEFAULT_SLOWNESS: Duration = Duration::from_secs(3);

/// How long a body that may turn out to be empty may take to do so.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// Refuses a request with a body: parameters in it (`curl -d count=50`) would be ignored.
pub(super) struct NoBody;

impl<S: Sync> FromRequest<S> for NoBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        if body.is_end_stream() {
            return Ok(Self);
        }
        let unexpected = || problem::unexpected_body(parts.uri.path());
        // What is announced is not waited for.
        if body.size_hint().lower() > 0 {
            return Err(unexpected());
        }
        match timeout(BODY_TIMEOUT, to_bytes(body, 0)).await {
            Ok(Ok(_empty)) => Ok(Self),
            Ok(Err(_longer_or_cut_off)) => Err(unexpected()),
            Err(_elapsed) => Err(problem::body_timeout(BODY_TIMEOUT)),
        }
    }
}

pub(super) type SlowSeconds = Number<60>;

/// `slow_seconds`; absent means 3. Without `what` it would have no effect, like a name that does not exist.
pub(super) fn slowness(
    seconds: Option<SlowSeconds>,
    has_effect: bool,
    what: &str,
) -> Result<Duration, Problem> {
    match seconds {
        Some(Number(seconds)) if !has_effect => {
            Err(problem::without_effect("slow_seconds", seconds, what))
        }
        Some(Number(seconds)) => Ok(Duration::from_secs_f64(seconds)),
        None => Ok(DEFAULT_SLOWNESS),
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use axum::body::Body;
    use axum::http::StatusCode;
    use axum::response::IntoResponse;
    use futures_util::stream;

    use super::*;

    #[test]
    fn a_slow_order_is_slower_by_three_seconds_unless_told_otherwise() {
        let slowness = |seconds: Option<f64>| slowness(seconds.map(Number), true, "").ok();
        assert_eq!(slowness(None), Some(Duration::from_secs(3)));
        assert_eq!(slowness(Some(0.5)), Some(Duration::from_millis(500)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_is_waited_for_a_while() {
        let body = Body::from_stream(stream::pending::<Result<Vec<u8>, Infallible>>());
        let refused = NoBody::from_request(Request::new(body), &()).await;
        let answer = refused
            .err()
            .map(|problem| problem.into_response().status());
        assert_eq!(answer, Some(StatusCode::REQUEST_TIMEOUT));
    }
}
