//! `POST /orders`.

use std::io::Write;
use std::net::TcpStream;
use std::thread;

use crate::support::Service;

const SUCCEEDED: &str = r#"orders_processed_total{status="success"}"#;
const FAILED: &str = r#"orders_processed_total{status="failure"}"#;

#[test]
fn answers_201_with_the_orders_result() {
    let service = Service::start(&[]);
    let answer = service.client.post("/orders");
    assert_eq!(answer.status, 201);
    let order = answer.json();
    assert_eq!(order["status"], "success");
    assert!(
        order["duration_seconds"].as_f64().is_some_and(|s| s < 10.0),
        "{order}"
    );
    assert_eq!(order["id"].as_str().map(str::len), Some(36), "{order}");
    assert_eq!(
        order.as_object().map(serde_json::Map::len),
        Some(3),
        "{order}"
    );
    assert_ne!(order["id"], service.client.post("/orders").json()["id"]);
    assert!((service.client.sample(SUCCEEDED) - 2.0).abs() < f64::EPSILON);
}

#[test]
fn an_empty_query_is_an_order_like_any_other() {
    assert_eq!(Service::start(&[]).client.post("/orders?").status, 201);
}

#[test]
fn a_forced_failure_is_a_500_with_the_orders_result() {
    let service = Service::start(&[]);
    let answer = service.client.post("/orders?fail=true");
    assert_eq!(answer.status, 500);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.json()["status"], "failure");
    assert!((service.client.sample(FAILED) - 1.0).abs() < f64::EPSILON);
}

#[test]
fn forced_slowness_is_added_and_combines_with_failure() {
    let service = Service::start(&[]);
    let answer = service
        .client
        .post("/orders?slow=true&slow_seconds=0.3&fail=true");
    assert_eq!(answer.status, 500);
    assert!(answer.json()["duration_seconds"].as_f64() >= Some(0.3));
}

#[test]
fn refuses_an_order_when_the_queue_is_full() {
    let service = Service::start(&[("ORDER_WORKERS", "1"), ("ORDER_QUEUE_CAPACITY", "1")]);
    let slow = || {
        let client = service.client.clone();
        thread::spawn(move || client.post("/orders?slow=true&slow_seconds=2").status)
    };
    let in_work = slow();
    service.client.wait_for("order_workers_busy", 1.0);
    let waiting = slow();
    service.client.wait_for("order_queue_depth", 1.0);

    let refused = service.client.post("/orders");

    assert_eq!(refused.status, 503);
    assert_eq!(refused.json()["code"], "queue_full");
    assert!(
        refused
            .header("retry-after")
            .parse::<u64>()
            .is_ok_and(|s| s >= 1)
    );
    let rejected = r#"orders_rejected_total{reason="queue_full"}"#;
    assert!((service.client.sample(rejected) - 1.0).abs() < f64::EPSILON);
    assert_eq!([in_work.join().ok(), waiting.join().ok()], [Some(201); 2]);
    assert!((service.client.sample(SUCCEEDED) - 2.0).abs() < f64::EPSILON);
}

#[test]
fn an_accepted_order_is_counted_once_although_its_client_hangs_up() {
    let service = Service::start(&[]);
    let mut connection = TcpStream::connect(service.address).expect("it listens");
    connection
        .write_all(b"POST /orders?slow=true&slow_seconds=0.5 HTTP/1.1\r\nHost: orders\r\nContent-Length: 0\r\n\r\n")
        .expect("it reads");
    service.client.wait_for("order_workers_busy", 1.0);

    drop(connection);

    // The request ends at once, the order in its own time.
    let left = r#"http_server_request_duration_seconds_count{error_type="client_disconnected",http_request_method="POST",http_route="/orders",url_scheme="http"}"#;
    let active = r#"http_server_active_requests{http_request_method="POST",url_scheme="http"}"#;
    service.client.wait_for(active, 0.0);
    assert!((service.client.sample(left) - 1.0).abs() < f64::EPSILON);
    assert!(service.client.sample(SUCCEEDED).abs() < f64::EPSILON);
    service.client.wait_for(SUCCEEDED, 1.0);
    service.client.wait_for("order_workers_busy", 0.0);
    assert!((service.client.sample("order_duration_seconds_count") - 1.0).abs() < f64::EPSILON);
    assert!(service.client.sample(FAILED).abs() < f64::EPSILON);
}

#[test]
fn an_order_that_outlasts_its_request_is_answered_504_and_still_finished() {
    let service = Service::start(&[("ORDER_REQUEST_TIMEOUT_SECONDS", "1")]);
    for (fail, ending) in [(false, SUCCEEDED), (true, FAILED)] {
        let order = format!("/orders?slow=true&slow_seconds=1.5&fail={fail}");
        let answer = service.client.post(&order);
        assert_eq!(answer.status, 504);
        assert_eq!(answer.json()["code"], "timeout");
        // Counted as timed out at once, and with its result once it is finished.
        let timed_out = service.client.sample("orders_timed_out_total");
        assert!((timed_out - if fail { 2.0 } else { 1.0 }).abs() < f64::EPSILON);
        assert!(service.client.sample(ending).abs() < f64::EPSILON);
        service.client.wait_for(ending, 1.0);
    }
    let timed_out = service.client.sample("orders_timed_out_total");
    assert!((timed_out - 2.0).abs() < f64::EPSILON, "{timed_out}");
    assert!((service.client.sample(SUCCEEDED) - 1.0).abs() < f64::EPSILON);
}

#[test]
fn fault_controls_can_be_switched_off() {
    let service = Service::start(&[("ORDER_FAULTS", "off")]);
    for path in [
        "/orders?fail=true",
        "/orders?slow=true",
        "/orders?slow=true&slow_seconds=0",
        "/simulate",
    ] {
        let answer = service.client.post(path);
        assert_eq!(answer.status, 403, "{path}");
        assert_eq!(answer.json()["code"], "faults_disabled", "{path}");
    }
    for path in ["/orders", "/orders?fail=false&slow=false"] {
        assert_eq!(service.client.post(path).status, 201, "{path}");
    }
}
