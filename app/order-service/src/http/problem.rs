//! The errors that are specific to orders. A forced failure is not an error but the order's result: see [`super::orders`].

use std::time::Duration;

use axum::http::StatusCode;
use service::problem::Problem;

use crate::orders::{Admission, RejectReason, ServiceTime};

/// 400: the batch would outlast the request.
pub(super) fn simulation_too_long(expected: Duration, limit: Duration) -> Problem {
    Problem::bad_request(
        "simulation_too_long",
        format!(
            "this would take about {:.0} s ((count × mean service time + slow orders × slow_seconds) / workers, and at \
             least slow_seconds if an order is slow), more than the limit of {} s; ask for fewer or quicker orders",
            expected.as_secs_f64().ceil(),
            limit.as_secs()
        ),
    )
}

/// 400: parameters are expected in the query, and nothing anywhere else.
pub(super) fn unexpected_body(path: &str) -> Problem {
    Problem::bad_request(
        "unexpected_body",
        format!("{path} takes no body; parameters belong in the query: /simulate?count=50"),
    )
}

/// 400: a parameter that changes nothing without another one.
pub(super) fn without_effect(name: &str, value: f64, other: &str) -> Problem {
    Problem::invalid_parameter(name, &value.to_string(), &format!("{other} beside it"))
}

/// 408: the client did not finish its request.
pub(super) fn body_timeout(limit: Duration) -> Problem {
    Problem::new(
        StatusCode::REQUEST_TIMEOUT,
        "body_timeout",
        format!("the body did not end within {} s", limit.as_secs()),
    )
}

/// 403: fault controls are switched off.
pub(super) fn faults_disabled() -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "faults_disabled",
        "fail, slow and /simulate are switched off here; ORDER_FAULTS=on switches them on",
    )
}

/// 503: an order was refused.
pub(super) fn rejected(
    reason: RejectReason,
    admission: &Admission,
    service_time: &ServiceTime,
) -> Problem {
    let queue = admission.queue();
    let (detail, retry_after) = match reason {
        RejectReason::QueueFull => (
            format!("all {} places in the queue are taken", queue.capacity()),
            drain_time(queue.depth(), service_time.mean(), queue.workers()),
        ),
        RejectReason::Draining => (
            "the service is shutting down and accepts no more orders".to_owned(),
            Duration::ZERO,
        ),
    };
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, reason.as_str(), detail).retry_after(retry_after)
}

/// 503: the answer of `/ready` while the service is shutting down.
pub(super) fn not_ready() -> Problem {
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        RejectReason::Draining.as_str(),
        "the service is shutting down",
    )
    .retry_after(Duration::ZERO)
}

/// 503: there is nothing to scrape. The cause is in the log.
pub(super) fn metrics_unavailable() -> Problem {
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "metrics_unavailable",
        "the metrics cannot be gathered",
    )
}

/// 504: the request took too long.
pub(super) fn timeout(limit: Duration) -> Problem {
    Problem::new(
        StatusCode::GATEWAY_TIMEOUT,
        "timeout",
        format!(
            "no answer within {} s; orders that were accepted are finished all the same",
            limit.as_secs()
        ),
    )
}

/// How long the workers need for what is queued.
fn drain_time(depth: usize, mean: Duration, workers: usize) -> Duration {
    mean.mul_f64(depth as f64 / workers as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_drains_as_fast_as_all_workers_together() {
        let mean = Duration::from_millis(100);
        assert_eq!(drain_time(1_000, mean, 32), Duration::from_millis(3_125));
    }
}
