//! What the instrumentation costs: recording one order, recording one request, and rendering `/metrics` once, as it is at the
//! first scrape and when every series that is known beforehand has been recorded.
//!
//! `cargo bench -p order-service`

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use order_service::metrics::{ResourceAttributes, Telemetry};
use order_service::orders::{FailureCause, Finished, OrderEvents, OrderQueue, Origin};
use uuid::Uuid;

/// Those that have their series from the start.
fn answers() -> impl Iterator<Item = (&'static str, u16)> {
    let routes = ["/orders", "/simulate"].into_iter();
    routes.flat_map(|route| [500, 503, 504].map(|status| (route, status)))
}

fn recording(criterion: &mut Criterion) {
    let queue = OrderQueue::new(1_000, 32);
    let telemetry = Telemetry::new(&queue, ResourceAttributes::default(), answers())
        .expect("the names are distinct");
    let metrics = &telemetry.metrics;
    let wait = Duration::from_millis(3);
    let order = Finished {
        id: Uuid::nil(),
        origin: Origin::Single,
        failure: None,
        duration: Duration::from_millis(90),
        awaited: true,
    };

    criterion.bench_function("/metrics: first scrape", |bench| {
        bench.iter(|| telemetry.exposition.render().expect("there are metrics"));
    });
    criterion.bench_function("order: everything recorded", |bench| {
        bench.iter(|| {
            metrics.picked_up(black_box(wait));
            metrics.finished(black_box(&order));
        });
    });
    criterion.bench_function("request: everything recorded", |bench| {
        bench.iter(|| {
            metrics
                .request_started(black_box("POST"), black_box(Some("/orders".to_owned())))
                .answered(black_box(201));
        });
    });
    for (route, status) in answers() {
        metrics
            .request_started("POST", Some(route.to_owned()))
            .answered(status);
    }
    metrics.finished(&Finished {
        failure: Some(FailureCause::Forced),
        ..order
    });
    criterion.bench_function("/metrics: everything recorded", |bench| {
        bench.iter(|| telemetry.exposition.render().expect("there are metrics"));
    });
}

criterion_group!(benches, recording);
criterion_main!(benches);
