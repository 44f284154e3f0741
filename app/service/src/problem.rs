//! Errors as RFC 9457 problem details. The `code` is stable; the `detail` is for people.
//!
//! Here is what every service can answer; each adds its own with [`Problem::new`].

use std::any::Any;
use std::time::Duration;

use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json, Router};
use serde::Serialize;

/// An error answer. As its `type` is `about:blank`, its title is the status phrase.
#[derive(Debug, Serialize)]
pub struct Problem {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    code: &'static str,
    detail: String,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    fault: Option<Box<ParameterFault>>,
    #[serde(skip)]
    retry_after_seconds: Option<u64>,
}

/// The code of a problem, among the extensions of its response: the layers can log it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code(pub &'static str);

/// What is wrong with a query parameter.
#[derive(Debug, Serialize)]
struct ParameterFault {
    parameter: String,
    /// As it arrived, where the value is what is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    expected: String,
}

impl Problem {
    /// An error with this status, which must be a registered one.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            kind: "about:blank",
            title: status
                .canonical_reason()
                .expect("every status used here is a registered one"),
            status: status.as_u16(),
            code,
            detail: detail.into(),
            fault: None,
            retry_after_seconds: None,
        }
    }

    /// Says when to come back: in whole seconds, rounded up, and at least 1. `Retry-After: 0` would invite a busy loop.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        let seconds: Result<u64, _> = wait.as_millis().div_ceil(1_000).try_into();
        self.retry_after_seconds = Some(seconds.map_or(1, |seconds| seconds.max(1)));
        self
    }

    fn about(mut self, parameter: &str, value: Option<&str>, expected: &str) -> Self {
        self.fault = Some(Box::new(ParameterFault {
            parameter: parameter.to_owned(),
            value: value.map(ToOwned::to_owned),
            expected: expected.to_owned(),
        }));
        self
    }

    /// 400 with a code of its own.
    pub fn bad_request(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    /// 400: a query parameter has a value that is not allowed.
    pub fn invalid_parameter(name: &str, value: &str, expected: &str) -> Self {
        let detail = format!("{name}={value:?} is not valid: expected {expected}");
        Self::bad_request("invalid_parameter", detail).about(name, Some(value), expected)
    }

    /// 400: a query parameter that does not exist here.
    pub fn unknown_parameter(name: &str, known: &[&str]) -> Self {
        let known = known.join(", ");
        let detail = format!("there is no parameter {name:?} here; there are {known}");
        Self::bad_request("unknown_parameter", detail).about(name, None, &format!("one of {known}"))
    }

    /// 400: a query parameter is given more than once.
    pub fn repeated_parameter(name: &str) -> Self {
        let detail = format!("{name} is given more than once");
        Self::bad_request("repeated_parameter", detail).about(name, None, "one value")
    }

    /// 500: a fault of the service. The cause is in the log.
    pub fn internal_error() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal_error",
            "the service failed to handle this request",
        )
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).expect("made from a StatusCode");
        let retry_after = self.retry_after_seconds;
        let code = Code(self.code);
        let mut response = (status, Extension(code), Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// Answers what no route does: 404 for an unknown path, 405 for a known one with another method, to which the router adds `Allow`.
pub fn with_fallbacks<S: Clone + Send + Sync + 'static>(routes: Router<S>) -> Router<S> {
    async fn not_found(uri: Uri) -> Problem {
        let detail = format!("there is no {} here; GET / lists what there is", uri.path());
        Problem::new(StatusCode::NOT_FOUND, "not_found", detail)
    }
    async fn method_not_allowed(method: Method, uri: Uri) -> Problem {
        let detail = format!(
            "{} does not answer {method}; the Allow header says what it answers",
            uri.path()
        );
        Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
    }
    routes
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
}

/// The answer in place of a panic. The panic hook has logged the cause (see [`crate::logging`]); the client learns only that
/// it is not its fault.
pub fn answer_panic(_cause: Box<dyn Any + Send + 'static>) -> Response {
    Problem::internal_error().into_response()
}
