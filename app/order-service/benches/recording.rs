//! What the instrumentation costs: recording one order, recording one request, and rendering `/metrics` once.
//!
//! `cargo bench -p order-service`

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use order_service::http;
use order_service::metrics::Telemetry;
use order_service::orders::{OrderEvents, OrderQueue, OrderStatus};

fn recording(criterion: &mut Criterion) {
    let queue = OrderQueue::new(1_000, 32);
    let telemetry = Telemetry::new(&queue, http::answers()).expect("the names are distinct");
    let metrics = &telemetry.metrics;
    let wait = Duration::from_millis(3);
    let duration = Duration::from_millis(90);

    criterion.bench_function("order: everything recorded", |bench| {
        bench.iter(|| {
            metrics.picked_up(black_box(wait));
            metrics.finished(black_box(OrderStatus::Success), black_box(duration));
        });
    });
    criterion.bench_function("request: everything recorded", |bench| {
        bench.iter(|| {
            metrics
                .request_started(black_box("POST"), black_box(Some("/orders")))
                .answered(black_box(201));
        });
    });
    criterion.bench_function("/metrics: gather and encode", |bench| {
        bench.iter(|| telemetry.exposition.render().expect("there are metrics"));
    });
}

criterion_group!(benches, recording);
criterion_main!(benches);
