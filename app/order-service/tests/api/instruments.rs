//! The three instruments of the guide's exercise, each by itself: these tests mark it (`scripts/lab check instruments`).

use crate::metrics::expect_family;
use crate::support::{FAILED, SUCCEEDED, start};

#[test]
fn task_1_orders_processed_counts_orders_by_their_status() {
    let service = start(&[]);
    expect_family(&service, "orders_processed_total");
    for path in ["/orders", "/orders?fail=true", "/orders?fail=true"] {
        service.post(path);
    }
    assert_eq!(service.sample(SUCCEEDED), "1", "{SUCCEEDED}");
    assert_eq!(service.sample(FAILED), "2", "{FAILED}");
}

#[test]
fn task_2_order_duration_records_the_seconds_that_the_answer_has() {
    let service = start(&[]);
    expect_family(&service, "order_duration_seconds");
    let order = service.post("/orders?slow=true&slow_seconds=0.05").json();
    let recorded = service.number("order_duration_seconds_sum");
    let answered = order["duration_seconds"].as_f64().expect("a number");
    assert!(
        (recorded - answered).abs() < 1e-9,
        "{recorded} and {answered}"
    );
}

#[test]
fn task_3_order_queue_depth_is_the_number_of_orders_that_wait() {
    let service = start(&[("ORDER_WORKERS", "1")]);
    expect_family(&service, "order_queue_depth");
    let batch = service.post_aside("/simulate?count=3&slow_rate=1&slow_seconds=0.3");
    service.wait_for("order_queue_depth", "2");
    batch.join().expect("posting does not panic");
    service.wait_for("order_queue_depth", "0");
}
