//! `POST /orders`.

use std::io::Write;
use std::net::TcpStream;

use crate::support::{FAILED, FINISHED, SUCCEEDED, start};

#[test]
fn answers_201_with_the_orders_result() {
    let service = start(&[]);
    let answer = service.post("/orders");
    assert_eq!(answer.status, 201);
    let order = answer.json();
    assert_eq!(order["status"], "success");
    assert!(order["duration_seconds"].as_f64() < Some(10.0), "{order}");
    assert_eq!(order["id"].as_str().map(str::len), Some(36), "{order}");
    let fields = order.as_object().map(serde_json::Map::len);
    assert_eq!(fields, Some(3), "{order}");
    let another = service.post("/orders?").json();
    assert_ne!(order["id"], another["id"]);
    assert_eq!(service.sample(SUCCEEDED), "2");
}

#[test]
fn a_forced_failure_is_a_500_with_the_orders_result() {
    let service = start(&[]);
    let answer = service.post("/orders?fail=true");
    assert_eq!(answer.status, 500);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.json()["status"], "failure");
    assert_eq!(service.sample(FAILED), "1");
}

#[test]
fn forced_slowness_is_added_and_combines_with_failure() {
    let answer = start(&[]).post("/orders?slow=true&slow_seconds=0.3&fail=true");
    assert_eq!(answer.status, 500);
    assert!(answer.json()["duration_seconds"].as_f64() >= Some(0.3));
}

#[test]
fn refuses_an_order_when_the_queue_is_full() {
    let service = start(&[("ORDER_WORKERS", "1"), ("ORDER_QUEUE_CAPACITY", "1")]);
    let in_work = service.post_aside("/orders?slow=true&slow_seconds=2");
    service.wait_for("order_workers_busy", "1");
    let waiting = service.post_aside("/orders?slow=true&slow_seconds=2");
    service.wait_for("order_queue_depth", "1");

    let refused = service.post("/orders");

    assert_eq!(refused.problem(), (503, "queue_full".to_owned()));
    let retry_after = refused.header("retry-after").parse::<u64>();
    assert!(retry_after.is_ok_and(|seconds| seconds >= 1));
    let rejected = r#"orders_rejected_total{reason="queue_full"}"#;
    assert_eq!(service.sample(rejected), "1");
    assert_eq!([in_work.join().ok(), waiting.join().ok()], [Some(201); 2]);
    assert_eq!(service.sample(SUCCEEDED), "2");
}

#[test]
fn an_accepted_order_is_counted_once_although_its_client_hangs_up() {
    let service = start(&[]);
    let mut connection = TcpStream::connect(service.address).expect("it listens");
    connection
        .write_all(b"POST /orders?slow=true&slow_seconds=0.5 HTTP/1.1\r\nHost: orders\r\nContent-Length: 0\r\n\r\n")
        .expect("it reads");
    service.wait_for("order_workers_busy", "1");

    drop(connection);

    // The request ends at once, the order in its own time.
    let left = r#"http_server_request_duration_seconds_count{error_type="client_disconnected",http_request_method="POST",http_route="/orders",url_scheme="http"}"#;
    let active = r#"http_server_active_requests{http_request_method="POST",url_scheme="http"}"#;
    service.wait_for(active, "0");
    assert_eq!(service.sample(left), "1");
    assert_eq!(service.sample(SUCCEEDED), "0");
    service.wait_for(SUCCEEDED, "1");
    service.wait_for("order_workers_busy", "0");
    assert_eq!(service.sample(FINISHED), "1");
}

#[test]
fn an_order_that_outlasts_its_request_is_answered_504_and_still_finished() {
    let service = start(&[("ORDER_REQUEST_TIMEOUT_SECONDS", "1")]);
    for (fail, timed_out, ending) in [(false, "1", SUCCEEDED), (true, "2", FAILED)] {
        let answer = service.post(&format!("/orders?slow=true&slow_seconds=1.5&fail={fail}"));
        assert_eq!(answer.problem(), (504, "timeout".to_owned()));
        // Counted as timed out at once, and with its result once it is finished.
        assert_eq!(service.sample("orders_timed_out_total"), timed_out);
        assert_eq!(service.sample(ending), "0");
        service.wait_for(ending, "1");
    }
    assert_eq!(service.sample("orders_timed_out_total"), "2");
    assert_eq!(service.sample(FINISHED), "2");
}

#[test]
fn fault_controls_can_be_switched_off() {
    let service = start(&[("ORDER_FAULTS", "off")]);
    for path in [
        "/orders?fail=true",
        "/orders?slow=true",
        "/orders?slow=true&slow_seconds=0",
        "/simulate",
    ] {
        let refused = service.post(path).problem();
        assert_eq!(refused, (403, "faults_disabled".to_owned()), "{path}");
    }
    for path in ["/orders", "/orders?fail=false&slow=false"] {
        assert_eq!(service.post(path).status, 201, "{path}");
    }
}
