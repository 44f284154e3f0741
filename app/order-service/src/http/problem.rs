//! Errors as RFC 9457 problem details. The `code` is stable; the `detail` is for people.
//!
//! A forced failure of an order is no problem but the order's result: see [`super::orders`].

use std::time::Duration;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::orders::{OrderDesk, RejectReason, ServiceTime};

/// An error answer. As its `type` is `about:blank`, its title is the status phrase.
#[derive(Debug, Serialize)]
pub(super) struct Problem {
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
    fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
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

    fn bad_request(code: &'static str, detail: String) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    fn about(mut self, parameter: &str, value: Option<&str>, expected: &str) -> Self {
        self.fault = Some(Box::new(ParameterFault {
            parameter: parameter.to_owned(),
            value: value.map(ToOwned::to_owned),
            expected: expected.to_owned(),
        }));
        self
    }

    /// 400: a query parameter has a value that is not admitted.
    pub(super) fn invalid_parameter(name: &str, value: &str, expected: &str) -> Self {
        let detail = format!("{name}={value:?} is not valid: expected {expected}");
        Self::bad_request("invalid_parameter", detail).about(name, Some(value), expected)
    }

    /// 400: a query parameter that does not exist here.
    pub(super) fn unknown_parameter(name: &str, known: &[&str]) -> Self {
        let known = known.join(", ");
        let detail = format!("there is no parameter {name:?} here; there are {known}");
        Self::bad_request("unknown_parameter", detail).about(name, None, &format!("one of {known}"))
    }

    /// 400: a query parameter is given more than once.
    pub(super) fn repeated_parameter(name: &str) -> Self {
        let detail = format!("{name} is given more than once");
        Self::bad_request("repeated_parameter", detail).about(name, None, "one value")
    }

    /// 400: the batch would outlast the request.
    pub(super) fn simulation_too_long(expected: Duration, limit: Duration) -> Self {
        Self::bad_request(
            "simulation_too_long",
            format!(
                "this would take about {:.0} s (count × mean service time / workers), more than the limit of {} s; \
                 ask for fewer or quicker orders",
                expected.as_secs_f64().ceil(),
                limit.as_secs()
            ),
        )
    }

    /// 403: fault controls are switched off.
    pub(super) fn faults_disabled() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "faults_disabled",
            "fail, slow and /simulate are switched off here; ORDER_FAULTS=on switches them on",
        )
    }

    /// 404: no such path.
    pub(super) fn not_found(path: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            format!("there is no {path} here; GET / lists what there is"),
        )
    }

    /// 405: the path exists, but not for this method. The router adds `Allow`.
    pub(super) fn method_not_allowed(method: &str, path: &str) -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            format!("{path} does not answer {method}; the Allow header says what it answers"),
        )
    }

    /// 503: an order was refused.
    pub(super) fn rejected(reason: RejectReason, desk: &OrderDesk, mean: &ServiceTime) -> Self {
        let queue = desk.queue();
        let (detail, retry_after) = match reason {
            RejectReason::QueueFull => (
                format!("all {} places in the queue are taken", queue.capacity()),
                drain_time(queue.depth(), mean.mean(), queue.workers()),
            ),
            RejectReason::Draining => (
                "the service is shutting down and accepts no more orders".to_owned(),
                Duration::ZERO,
            ),
        };
        Self {
            retry_after_seconds: Some(whole_seconds(retry_after)),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, reason.as_str(), detail)
        }
    }

    /// 503: asked whether it is ready while shutting down.
    pub(super) fn not_ready() -> Self {
        Self {
            retry_after_seconds: Some(whole_seconds(Duration::ZERO)),
            ..Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                RejectReason::Draining.as_str(),
                "the service is shutting down",
            )
        }
    }

    /// 503: there is nothing to scrape. The cause is in the log.
    pub(super) fn metrics_unavailable() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "metrics_unavailable",
            "the metrics cannot be gathered",
        )
    }

    /// 504: the answer was not there in time.
    pub(super) fn timeout(limit: Duration) -> Self {
        Self::new(
            StatusCode::GATEWAY_TIMEOUT,
            "timeout",
            format!(
                "no answer within {} s; orders that were accepted are finished all the same",
                limit.as_secs()
            ),
        )
    }

    /// 500: a fault of the service. The cause is in the log.
    pub(super) fn internal_error() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal_error",
            "the service failed to handle this request",
        )
    }
}

/// How long the workers need for what is queued.
fn drain_time(depth: usize, mean: Duration, workers: usize) -> Duration {
    mean.mul_f64(depth as f64 / workers as f64)
}

/// Rounded up, and at least 1: `Retry-After: 0` would invite a busy loop.
fn whole_seconds(duration: Duration) -> u64 {
    duration
        .as_millis()
        .div_ceil(1_000)
        .try_into()
        .map_or(1, |seconds: u64| seconds.max(1))
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).expect("made from a StatusCode");
        let retry_after = self.retry_after_seconds;
        let mut response = (status, Json(self)).into_response();
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
