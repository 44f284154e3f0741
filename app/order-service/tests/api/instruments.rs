//! The three instruments of the guide's exercise, each by itself: these tests mark it (`scripts/lab check instruments`).

use std::thread;

use crate::metrics::expect_family;
use crate::support::Service;

#[test]
fn task_1_orders_processed_counts_orders_by_their_status() {
    let service = Service::start(&[]);
    expect_family(&service, "orders_processed_total");
    for path in ["/orders", "/orders?fail=true", "/orders?fail=true"] {
        service.client.post(path);
    }
    for (status, orders) in [("success", 1.0), ("failure", 2.0)] {
        let series = format!("orders_processed_total{{status=\"{status}\"}}");
        let found = service.client.sample(&series);
        assert!(
            (found - orders).abs() < f64::EPSILON,
            "{series} is {found} after {orders}"
        );
    }
}

#[test]
fn task_2_order_duration_records_the_seconds_that_the_answer_has() {
    let service = Service::start(&[]);
    expect_family(&service, "order_duration_seconds");
    let order = service
        .client
        .post("/orders?slow=true&slow_seconds=0.05")
        .json();
    let recorded = service.client.sample("order_duration_seconds_sum");
    let answered = order["duration_seconds"].as_f64().expect("a number");
    assert!(
        (recorded - answered).abs() < 1e-9,
        "{recorded} and {answered}"
    );
}

#[test]
fn task_3_order_queue_depth_is_the_number_of_orders_that_wait() {
    let service = Service::start(&[("ORDER_WORKERS", "1")]);
    expect_family(&service, "order_queue_depth");
    let client = service.client.clone();
    let batch =
        thread::spawn(move || client.post("/simulate?count=3&slow_rate=1&slow_seconds=0.3"));
    service.client.wait_for("order_queue_depth", 2.0);
    batch.join().expect("posting does not panic");
    service.client.wait_for("order_queue_depth", 0.0);
}
