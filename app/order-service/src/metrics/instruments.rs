//! All instruments, each declared in one place, in [`create_metrics`]: its name, help, unit and buckets, and the series that it has
//! from the start. Below are the typed methods that record into them.
//!
//! Recording is on the path of every order, so label sets are prepared once and the gauges are derived when they are scraped. How
//! it gets onto `/metrics`: [`super::exposition`].

use std::time::{Duration, Instant};

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Histogram, InstrumentBuilder, Meter, UpDownCounter};

use super::exposition::EmptyHistogram;
use super::labels::{answer_labels, method_labels};
use crate::orders::{Finished, OrderEvents, OrderQueue, OrderStatus, Origin, RejectReason};

/// Upper bounds in seconds for order durations and queue waits. There is one at exactly 2 s, the threshold of the latency
/// alert and of the latency SLO, and there are larger ones: a quantile above the last bound would read as that bound. Around
/// 0.18 s, the p95 of a service that is well, they are close together: between 0.1 and 0.25 it would read 0.23.
const ORDER_SECONDS: [f64; 18] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 5.0, 10.0, 30.0,
    60.0,
];

/// Those that the OpenTelemetry semantic conventions advise.
const HTTP_SECONDS: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

/// The handle through which everything is recorded.
pub struct Metrics {
    orders_processed: CounterBy<OrderStatus>,
    order_duration: Histogram<f64>,
    order_queue_wait: Histogram<f64>,
    orders_rejected: CounterBy<RejectReason>,
    orders_timed_out: CounterBy<()>,
    http_request_duration: Histogram<f64>,
    http_active_requests: UpDownCounter<i64>,
}

/// Makes every instrument, and the histogram series that are shown until something is recorded in them. `answers` are the answers to
/// POST, by route and status, that have such a series.
pub(super) fn create_metrics(
    meter: &Meter,
    queue: &OrderQueue,
    answers: impl IntoIterator<Item = (&'static str, u16)>,
) -> (Metrics, Vec<EmptyHistogram>) {
    let answers = answers
        .into_iter()
        .map(|(route, status)| answer_labels("POST", Some(route.to_owned()), Some(status)));
    let mut zeros = Vec::new();
    let metrics = Metrics {
        orders_processed: CounterBy::new(
            meter.u64_counter("orders.processed"),
            "Orders finished, by how they ended.",
            OrderStatus::ALL.map(|status| (status, vec![KeyValue::new("status", status.as_str())])),
        ),
        order_duration: Seconds {
            name: "order.duration",
            help: "Time from accepting an order to finishing it, the wait in the queue included.",
            bounds: &ORDER_SECONDS,
        }
        .create(meter, &mut zeros, [vec![]]),
        order_queue_wait: Seconds {
            name: "order.queue.wait",
            help: "Time from accepting an order to a worker picking it up. The rate of the sum is the mean queue depth.",
            bounds: &ORDER_SECONDS,
        }
        .create(meter, &mut zeros, [vec![]]),
        orders_rejected: CounterBy::new(
            meter.u64_counter("orders.rejected"),
            "Orders refused, by reason.",
            RejectReason::ALL
                .map(|reason| (reason, vec![KeyValue::new("reason", reason.as_str())])),
        ),
        orders_timed_out: CounterBy::new(
            meter.u64_counter("orders.timed_out"),
            "Calls of /orders answered with 504; such an order still finishes and is counted then.",
            [((), vec![])],
        ),
        http_request_duration: Seconds {
            name: "http.server.request.duration",
            help: "Duration of HTTP server requests.",
            bounds: &HTTP_SECONDS,
        }
        .create(meter, &mut zeros, answers),
        http_active_requests: meter
            .i64_up_down_counter("http.server.active_requests")
            .with_description("HTTP server requests in flight.")
            .build(),
    };
    for method in ["GET", "POST"] {
        metrics.http_active_requests.add(0, &method_labels(method));
    }
    create_queue_gauges(meter, queue);
    (metrics, zeros)
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

/// A counter by something of which every value is known. Each value has its series from the start, at 0: a series that is born at 1
/// shows no increase.
struct CounterBy<T> {
    counter: Counter<u64>,
    label_sets: Vec<(T, Vec<KeyValue>)>,
}

impl<T: Copy + PartialEq> CounterBy<T> {
    fn new(
        counter: InstrumentBuilder<'_, Counter<u64>>,
        help: &'static str,
        label_sets: impl Into<Vec<(T, Vec<KeyValue>)>>,
    ) -> Self {
        let (counter, label_sets) = (counter.with_description(help).build(), label_sets.into());
        for (_, labels) in &label_sets {
            counter.add(0, labels);
        }
        Self {
            counter,
            label_sets,
        }
    }

    fn add_one(&self, value: T) {
        let mut label_sets = self.label_sets.iter();
        let (_, labels) = label_sets
            .find(|(known, _)| *known == value)
            .expect("every value has its label set");
        self.counter.add(1, labels);
    }
}

/// A histogram in seconds, declared once for the SDK and for the series that are shown at zero.
struct Seconds {
    name: &'static str,
    help: &'static str,
    bounds: &'static [f64],
}

impl Seconds {
    /// Adds to `zeros` a series for each of the label sets.
    fn create(
        &self,
        meter: &Meter,
        zeros: &mut Vec<EmptyHistogram>,
        label_sets: impl IntoIterator<Item = Vec<KeyValue>>,
    ) -> Histogram<f64> {
        let family = format!("{}_seconds", self.name.replace('.', "_"));
        let label_sets = label_sets.into_iter();
        zeros.extend(
            label_sets.map(|labels| EmptyHistogram::new(&family, self.help, self.bounds, &labels)),
        );
        meter
            .f64_histogram(self.name)
            .with_description(self.help)
            .with_unit("s")
            .with_boundaries(self.bounds.to_vec())
            .build()
    }
}

impl OrderEvents for Metrics {
    fn picked_up(&self, waited: Duration) {
        self.order_queue_wait.record(waited.as_secs_f64(), &[]);
    }

    fn finished(&self, order: &Finished) {
        self.order_duration
            .record(order.duration.as_secs_f64(), &[]);
        self.orders_processed.add_one(order.status());
    }

    fn rejected(&self, _origin: Origin, reason: RejectReason) {
        self.orders_rejected.add_one(reason);
    }
}

impl Metrics {
    /// A call of `/orders` is answered with 504.
    pub fn order_timed_out(&self) {
        self.orders_timed_out.add_one(());
    }

    /// A request has arrived. Ends with [`RequestTimer::answered`], or by being dropped when the client leaves first.
    pub fn request_started(&self, method: &'static str, route: Option<String>) -> RequestTimer<'_> {
        self.http_active_requests.add(1, &method_labels(method));
        RequestTimer {
            metrics: self,
            method,
            route,
            status: None,
            started: Instant::now(),
        }
    }
}

/// One request in flight. Dropping it ends the measurement, so that a client which disconnects, and with it the handler,
/// leaves no request in flight for ever.
pub struct RequestTimer<'a> {
    metrics: &'a Metrics,
    method: &'static str,
    route: Option<String>,
    status: Option<u16>,
    started: Instant,
}

impl RequestTimer<'_> {
    /// Time since the request arrived.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// The request was answered with this status.
    pub fn answered(mut self, status: u16) {
        self.status = Some(status);
    }
}

impl Drop for RequestTimer<'_> {
    fn drop(&mut self) {
        let labels = answer_labels(self.method, self.route.take(), self.status);
        let seconds = self.started.elapsed().as_secs_f64();
        self.metrics.http_request_duration.record(seconds, &labels);
        let active = &self.metrics.http_active_requests;
        active.add(-1, &method_labels(self.method));
    }
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
