//! All instruments: their types, units and buckets, and the typed methods that record into them.
//!
//! Recording is on the path of every order, so its label sets are prepared once and the gauges are derived when they are
//! scraped. How it gets onto `/metrics`: [`super::exposition`].

use std::time::{Duration, Instant};

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Histogram, Meter, UpDownCounter};

use super::exposition::EmptyHistogram;
use super::labels::{Answer, scheme};
use crate::orders::{Finished, OrderEvents, OrderQueue, OrderStatus, Origin, RejectReason};

/// Upper bounds in seconds for order durations and queue waits. There is one at exactly 2 s, the threshold of the latency
/// alert and of the latency SLO, and there are larger ones: a quantile above the last bound would read as that bound. Around
/// 0.18 s, the p95 of a service that is well, they are close together: between 0.1 and 0.25 it would read 0.23.
const ORDER_SECONDS: [f64; 18] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 5.0, 10.0, 30.0,
    60.0,
];

const ORDER_DURATION: Seconds = Seconds {
    name: "order.duration",
    help: "Time from accepting an order to finishing it, the wait in the queue included.",
    bounds: &ORDER_SECONDS,
};

const ORDER_QUEUE_WAIT: Seconds = Seconds {
    name: "order.queue.wait",
    help: "Time from accepting an order to a worker picking it up. The rate of the sum is the mean queue depth.",
    bounds: &ORDER_SECONDS,
};

const HTTP_REQUEST_DURATION: Seconds = Seconds {
    name: "http.server.request.duration",
    help: "Duration of HTTP server requests.",
    // Those that the OpenTelemetry semantic conventions advise.
    bounds: &[
        0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
    ],
};

/// A histogram in seconds, declared once for the SDK and for the zeros that stand on the page until something is recorded.
struct Seconds {
    name: &'static str,
    help: &'static str,
    bounds: &'static [f64],
}

impl Seconds {
    fn instrument(&self, meter: &Meter) -> Histogram<f64> {
        meter
            .f64_histogram(self.name)
            .with_description(self.help)
            .with_unit("s")
            .with_boundaries(self.bounds.to_vec())
            .build()
    }

    fn empty(&self, attributes: &[KeyValue]) -> EmptyHistogram {
        let family = format!("{}_seconds", self.name.replace('.', "_"));
        EmptyHistogram::new(family, self.help, self.bounds, attributes)
    }
}

/// The handle through which everything is recorded.
pub struct Metrics {
    orders_processed: Counter<u64>,
    order_duration: Histogram<f64>,
    order_queue_wait: Histogram<f64>,
    orders_rejected: Counter<u64>,
    orders_timed_out: Counter<u64>,
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
        order_duration: ORDER_DURATION.instrument(meter),
        order_queue_wait: ORDER_QUEUE_WAIT.instrument(meter),
        orders_rejected: meter
            .u64_counter("orders.rejected")
            .with_description("Orders refused, by reason.")
            .build(),
        orders_timed_out: meter
            .u64_counter("orders.timed_out")
            .with_description("Calls of /orders answered with 504; such an order still finishes and is counted then.")
            .build(),
        http_request_duration: HTTP_REQUEST_DURATION.instrument(meter),
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

/// The gauges: each reads the queue when it is scraped, off the order path.
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
    /// A call of `/orders` is answered with 504.
    pub fn order_timed_out(&self) {
        self.orders_timed_out.add(1, &[]);
    }

    /// A request has arrived. Ends with [`RequestTimer::answered`], or by being dropped when the client leaves first.
    pub fn request_started(&self, method: &'static str, route: Option<String>) -> RequestTimer<'_> {
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
        self.orders_timed_out.add(0, &[]);
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

    fn finished(&self, order: &Finished) {
        let seconds = order.duration.as_secs_f64();
        self.order_duration.record(seconds, &[]);
        self.orders_processed
            .add(1, self.status_labels(order.status()));
    }

    fn rejected(&self, _origin: Origin, reason: RejectReason) {
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
    /// Time since the request arrived.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

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
    let mut histograms = vec![ORDER_DURATION.empty(&[]), ORDER_QUEUE_WAIT.empty(&[])];
    let answers = answers.into_iter();
    histograms.extend(answers.map(|answer| HTTP_REQUEST_DURATION.empty(&answer.attributes())));
    histograms
}

fn status_label(status: OrderStatus) -> KeyValue {
    KeyValue::new("status", status.as_str())
}

fn reason_label(reason: RejectReason) -> KeyValue {
    KeyValue::new("reason", reason.as_str())
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;
    use crate::orders::ServiceTime;

    /// `histogram_quantile` takes orders to be spread evenly within a bucket, which is the less true the wider it is.
    #[test]
    fn the_p95_of_a_service_that_is_well_reads_within_a_tenth() {
        const ORDERS: usize = 100_000;
        let service_time = ServiceTime::new(Duration::from_millis(80), 0.5);
        let mut rng = StdRng::seed_from_u64(1);
        let sample = |_| service_time.sample(&mut rng).as_secs_f64();
        let mut durations: Vec<f64> = (0..ORDERS).map(sample).collect();
        durations.sort_by(f64::total_cmp);
        let exact = durations[ORDERS / 100 * 95];
        assert!((exact - 0.182).abs() < 0.002, "{exact}");

        let rank = ORDERS as f64 * 0.95;
        let up_to = |bound: f64| durations.partition_point(|seconds| *seconds <= bound) as f64;
        let bucket = ORDER_SECONDS
            .windows(2)
            .find(|bucket| up_to(bucket[1]) >= rank);
        let &[lower, upper] = bucket.expect("the last bound is far above") else {
            unreachable!("windows of two")
        };
        let within = (rank - up_to(lower)) / (up_to(upper) - up_to(lower));
        let read = lower + (upper - lower) * within;
        assert!((read / exact - 1.0).abs() < 0.1, "{exact} reads {read}");
    }
}
