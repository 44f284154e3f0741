//! All instruments: which kind, in which unit, with which buckets, and the typed methods that record into them.
//!
//! Recording is on the path of every order, so its label sets are prepared once and the gauges are derived when they are
//! scraped. How it gets onto `/metrics`: [`super::exposition`].

use std::time::{Duration, Instant};

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Histogram, Meter, UpDownCounter};

use super::exposition::EmptyHistogram;
use super::labels::{Answer, scheme};
use crate::orders::{OrderEvents, OrderQueue, OrderStatus, RejectReason};

/// Upper bounds in seconds for order durations and queue waits. There is one at exactly 2 s, the threshold of the latency
/// alert and of the latency SLO, and there are larger ones: a quantile above the last bound would read as that bound.
const ORDER_SECONDS: [f64; 16] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 5.0, 10.0, 30.0, 60.0,
];

/// Upper bounds in seconds that the OpenTelemetry semantic conventions advise for `http.server.request.duration`.
const HTTP_SECONDS: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

const ORDER_DURATION_HELP: &str =
    "Time from accepting an order to finishing it, the wait in the queue included.";
const ORDER_QUEUE_WAIT_HELP: &str = "Time from accepting an order to a worker picking it up. The rate of the sum is the mean queue depth.";
const HTTP_REQUEST_DURATION_HELP: &str = "Duration of HTTP server requests.";

/// The handle through which everything is recorded.
pub struct Metrics {
    orders_processed: Counter<u64>,
    order_duration: Histogram<f64>,
    order_queue_wait: Histogram<f64>,
    orders_rejected: Counter<u64>,
    http_request_duration: Histogram<f64>,
    http_active_requests: UpDownCounter<i64>,
    success: [KeyValue; 1],
    failure: [KeyValue; 1],
    queue_full: [KeyValue; 1],
    draining: [KeyValue; 1],
}

/// Makes every instrument, and every series that can be made without recording anything.
pub fn create_metrics(meter: &Meter, queue: &OrderQueue) -> Metrics {
    let metrics = Metrics {
        orders_processed: meter
            .u64_counter("orders.processed")
            .with_description("Orders finished, by how they ended.")
            .build(),
        order_duration: meter
            .f64_histogram("order.duration")
            .with_description(ORDER_DURATION_HELP)
            .with_unit("s")
            .with_boundaries(ORDER_SECONDS.to_vec())
            .build(),
        order_queue_wait: meter
            .f64_histogram("order.queue.wait")
            .with_description(ORDER_QUEUE_WAIT_HELP)
            .with_unit("s")
            .with_boundaries(ORDER_SECONDS.to_vec())
            .build(),
        orders_rejected: meter
            .u64_counter("orders.rejected")
            .with_description("Orders refused, by reason.")
            .build(),
        http_request_duration: meter
            .f64_histogram("http.server.request.duration")
            .with_description(HTTP_REQUEST_DURATION_HELP)
            .with_unit("s")
            .with_boundaries(HTTP_SECONDS.to_vec())
            .build(),
        http_active_requests: meter
            .i64_up_down_counter("http.server.active_requests")
            .with_description("HTTP server requests in flight.")
            .build(),
        success: [status_label(OrderStatus::Success)],
        failure: [status_label(OrderStatus::Failure)],
        queue_full: [reason_label(RejectReason::QueueFull)],
        draining: [reason_label(RejectReason::Draining)],
    };
    metrics.create_series();
    create_queue_gauges(meter, queue);
    metrics
}

/// The gauges: each reads the queue when it is scraped and costs an order nothing.
fn create_queue_gauges(meter: &Meter, queue: &OrderQueue) {
    let gauge = |name: &'static str, help: &'static str, read: fn(&OrderQueue) -> usize| {
        let queue = queue.clone();
        meter
            .u64_observable_gauge(name)
            .with_description(help)
            .with_callback(move |gauge| gauge.observe(read(&queue) as u64, &[]))
            .build();
    };
    gauge(
        "order.queue.depth",
        "Orders accepted and not yet picked up by a worker.",
        OrderQueue::depth,
    );
    gauge(
        "order.queue.capacity",
        "Orders that can wait at the same time; one more is refused.",
        OrderQueue::capacity,
    );
    gauge(
        "order.workers",
        "Workers that process orders at the same time.",
        OrderQueue::workers,
    );
    gauge(
        "order.workers.busy",
        "Workers that have an order in hand.",
        OrderQueue::workers_busy,
    );
}

impl Metrics {
    /// A request has arrived. Ends with [`RequestTimer::answered`], or by being dropped when the client leaves first.
    pub fn request_started(
        &self,
        method: &'static str,
        route: Option<&'static str>,
    ) -> RequestTimer<'_> {
        let active = [KeyValue::new("http.request.method", method), scheme()];
        self.http_active_requests.add(1, &active);
        RequestTimer {
            metrics: self,
            active,
            answer: Answer {
                method,
                route,
                status: None,
            },
            started: Instant::now(),
        }
    }

    /// Counters start at 0 rather than at their first event: a series that is born at 1 shows no increase.
    fn create_series(&self) {
        for status in OrderStatus::ALL {
            self.orders_processed.add(0, self.status_labels(status));
        }
        for reason in RejectReason::ALL {
            self.orders_rejected.add(0, self.reason_labels(reason));
        }
        for method in ["GET", "POST"] {
            let active = [KeyValue::new("http.request.method", method), scheme()];
            self.http_active_requests.add(0, &active);
        }
    }

    fn status_labels(&self, status: OrderStatus) -> &[KeyValue] {
        match status {
            OrderStatus::Success => &self.success,
            OrderStatus::Failure => &self.failure,
        }
    }

    fn reason_labels(&self, reason: RejectReason) -> &[KeyValue] {
        match reason {
            RejectReason::QueueFull => &self.queue_full,
            RejectReason::Draining => &self.draining,
        }
    }
}

impl OrderEvents for Metrics {
    fn picked_up(&self, waited: Duration) {
        self.order_queue_wait.record(waited.as_secs_f64(), &[]);
    }

    fn finished(&self, status: OrderStatus, duration: Duration) {
        self.order_duration.record(duration.as_secs_f64(), &[]);
        self.orders_processed.add(1, self.status_labels(status));
    }

    fn rejected(&self, reason: RejectReason) {
        self.orders_rejected.add(1, self.reason_labels(reason));
    }
}

/// One request in flight. Dropping it ends the measurement, so that a client which disconnects, and with it the handler,
/// leaves no request in flight for ever.
pub struct RequestTimer<'a> {
    metrics: &'a Metrics,
    active: [KeyValue; 2],
    answer: Answer,
    started: Instant,
}

impl RequestTimer<'_> {
    /// The request was answered with this status.
    pub fn answered(mut self, status: u16) {
        self.answer.status = Some(status);
    }
}

impl Drop for RequestTimer<'_> {
    fn drop(&mut self) {
        self.metrics.http_request_duration.record(
            self.started.elapsed().as_secs_f64(),
            &self.answer.attributes(),
        );
        self.metrics.http_active_requests.add(-1, &self.active);
    }
}

/// The histogram series that must be there before anything is recorded.
pub(super) fn empty_histograms(answers: impl IntoIterator<Item = Answer>) -> Vec<EmptyHistogram> {
    let mut histograms = vec![
        EmptyHistogram::new(
            "order_duration_seconds",
            ORDER_DURATION_HELP,
            &ORDER_SECONDS,
            &[],
        ),
        EmptyHistogram::new(
            "order_queue_wait_seconds",
            ORDER_QUEUE_WAIT_HELP,
            &ORDER_SECONDS,
            &[],
        ),
    ];
    histograms.extend(answers.into_iter().map(|answer| {
        EmptyHistogram::new(
            "http_server_request_duration_seconds",
            HTTP_REQUEST_DURATION_HELP,
            &HTTP_SECONDS,
            &answer.attributes(),
        )
    }));
    histograms
}

fn status_label(status: OrderStatus) -> KeyValue {
    KeyValue::new("status", status.as_str())
}

fn reason_label(reason: RejectReason) -> KeyValue {
    KeyValue::new("reason", reason.as_str())
}
