//! What is logged: a line for each order that failed, timed out or was refused, and for each other answer of 500 or above.
//! What goes well is in the metrics alone.
//!
//! Of each kind at most [`LINES_PER_SECOND`] are written; further ones are counted, and one line says how many they were. How
//! lines are written: [`service::logging`]. The runbooks search for the messages here; a test runs their commands.

use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::interval;
use tracing::{error, warn};
use uuid::Uuid;

use crate::orders::{FailureCause, Finished, OrderEvents, Origin, RejectReason};

/// The most lines of one kind in a second, the one that counts the rest aside.
const LINES_PER_SECOND: u64 = 10;

#[derive(Debug, Default)]
pub(crate) struct FailureLog {
    finished: AtomicU64,
    failed: Limited,
    timed_out: Limited,
    refused: Limited,
    requests: Limited,
}

/// How one kind of line is kept within the limit.
#[derive(Debug, Default)]
struct Limited {
    in_this_second: AtomicU64,
}

impl Limited {
    fn admits(&self) -> bool {
        self.in_this_second.fetch_add(1, Ordering::Relaxed) < LINES_PER_SECOND
    }

    /// How many were not admitted in the second that ends now.
    fn start_second(&self) -> u64 {
        let all = self.in_this_second.swap(0, Ordering::Relaxed);
        all.saturating_sub(LINES_PER_SECOND)
    }
}

/// A request that was answered with 500 or above.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FailedRequest<'a> {
    pub(crate) route: Option<&'a str>,
    pub(crate) status: u16,
    pub(crate) cause: &'a str,
    /// The order that it was about, if one was accepted.
    pub(crate) order: Option<Uuid>,
    /// Arrival to answer.
    pub(crate) duration: Duration,
}

impl FailureLog {
    pub(crate) fn request_failed(&self, request: &FailedRequest) {
        let &FailedRequest {
            route,
            status,
            cause,
            order,
            ..
        } = request;
        let duration_seconds = request.duration.as_secs_f64();
        let is_refusal = RejectReason::ALL.map(RejectReason::as_str).contains(&cause);
        if let Some(id) = order {
            if self.timed_out.admits() {
                warn!(order.id = %id, route, status, cause, duration_seconds, "order timed out");
            }
        } else if is_refusal && route == Some(route_of(Origin::Single)) {
            if self.refused.admits() {
                warn!(route, status, cause, duration_seconds, "order refused");
            }
        } else if self.requests.admits() {
            error!(route, status, cause, duration_seconds, "request failed");
        }
    }

    /// How many orders were finished, however they ended.
    pub(crate) fn orders_finished(&self) -> u64 {
        self.finished.load(Ordering::Relaxed)
    }

    /// Counts what was left out, second by second, until it is dropped.
    pub(crate) async fn count_left_out(&self) -> Infallible {
        let mut second = interval(Duration::from_secs(1));
        loop {
            second.tick().await;
            self.start_second();
        }
    }

    /// Logs how many lines were left out since the last call. With the messages of the lines, so that a search finds it too.
    pub(crate) fn start_second(&self) {
        for (kind, message) in [
            (&self.failed, "order failed"),
            (&self.timed_out, "order timed out"),
            (&self.refused, "order refused"),
            (&self.requests, "request failed"),
        ] {
            let count = kind.start_second();
            if count > 0 {
                warn!(count, "{message}: more of them than are logged one by one");
            }
        }
    }
}

impl OrderEvents for FailureLog {
    fn picked_up(&self, _waited: Duration) {}

    fn finished(&self, order: &Finished) {
        self.finished.fetch_add(1, Ordering::Relaxed);
        let Some(failure) = order.failure else { return };
        if self.failed.admits() {
            let answered = order.awaited && order.origin == Origin::Single;
            warn!(
                order.id = %order.id,
                route = route_of(order.origin),
                // A batch is answered with a summary, and who has gone or timed out, with nothing any more.
                status = answered.then_some(500_u16),
                cause = cause(failure),
                duration_seconds = order.duration.as_secs_f64(),
                "order failed"
            );
        }
    }

    /// A single order that is refused is its request's failure: see [`FailureLog::request_failed`].
    fn rejected(&self, origin: Origin, reason: RejectReason) {
        if origin == Origin::Simulation && self.refused.admits() {
            warn!(
                route = route_of(origin),
                cause = reason.as_str(),
                "order refused"
            );
        }
    }
}

fn route_of(origin: Origin) -> &'static str {
    match origin {
        Origin::Single => "/orders",
        Origin::Simulation => "/simulate",
    }
}

fn cause(failure: FailureCause) -> &'static str {
    match failure {
        FailureCause::Forced => "told to fail",
        FailureCause::DrainDeadline => "not finished before the drain deadline",
        FailureCause::Panic => "its worker panicked",
    }
}
