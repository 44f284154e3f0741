//! Errors: problem details with a stable code.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use service::server::Limits;

use crate::support::Service;

/// Method, path, status, code, and what the detail must say.
const CASES: [(&str, &str, u16, &str, &str); 22] = [
    (
        "POST",
        "/simulate?error_rat=0.5",
        400,
        "unknown_parameter",
        "error_rate",
    ),
    (
        "POST",
        "/orders?slo=true",
        400,
        "unknown_parameter",
        "slow_seconds",
    ),
    (
        "POST",
        "/simulate?count=0",
        400,
        "invalid_parameter",
        "count=\"0\" is not valid: expected a whole number from 1 to 10000",
    ),
    (
        "POST",
        "/simulate?count=10001",
        400,
        "invalid_parameter",
        "10000",
    ),
    (
        "POST",
        "/simulate?count=1e2",
        400,
        "invalid_parameter",
        "1e2",
    ),
    (
        "POST",
        "/simulate?error_rate=NaN",
        400,
        "invalid_parameter",
        "a number from 0 to 1",
    ),
    (
        "POST",
        "/simulate?error_rate=-0.1",
        400,
        "invalid_parameter",
        "-0.1",
    ),
    (
        "POST",
        "/simulate?slow_rate=inf",
        400,
        "invalid_parameter",
        "inf",
    ),
    (
        "POST",
        "/simulate?slow_seconds=61",
        400,
        "invalid_parameter",
        "60",
    ),
    (
        "POST",
        "/simulate?seed=-1",
        400,
        "invalid_parameter",
        "seed",
    ),
    (
        "POST",
        "/simulate?count=1&count=2",
        400,
        "repeated_parameter",
        "count",
    ),
    (
        "POST",
        "/orders?fail=yes",
        400,
        "invalid_parameter",
        "true or false",
    ),
    (
        "POST",
        "/orders?slow=true&slow_seconds=1e300",
        400,
        "invalid_parameter",
        "60",
    ),
    (
        "POST",
        "/orders?slow_seconds=3",
        400,
        "invalid_parameter",
        "slow_seconds=\"3\" is not valid: expected slow=true beside it",
    ),
    (
        "POST",
        "/orders?slow=false&slow_seconds=0.5",
        400,
        "invalid_parameter",
        "slow=true",
    ),
    (
        "POST",
        "/simulate?slow_seconds=3",
        400,
        "invalid_parameter",
        "expected slow_rate beside it",
    ),
    (
        "POST",
        "/orders?slow_seconds=61",
        400,
        "invalid_parameter",
        "a number from 0 to 60",
    ),
    ("GET", "/order", 404, "not_found", "GET /"),
    ("POST", "/orders/", 404, "not_found", "/orders/"),
    ("GET", "/orders", 405, "method_not_allowed", "GET"),
    ("DELETE", "/metrics", 405, "method_not_allowed", "DELETE"),
    ("BREW", "/health", 405, "method_not_allowed", "BREW"),
];

#[test]
fn every_bad_request_says_what_is_wrong() {
    let service = Service::start(&[]);
    for (method, path, status, code, says) in CASES {
        let answer = service.client.send(method, path, "");
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
        let problem = answer.json();
        assert_eq!(
            answer.header("content-type"),
            "application/problem+json",
            "{method} {path}"
        );
        assert_eq!(problem["status"], status, "{method} {path}");
        assert_eq!(problem["code"], code, "{method} {path}");
        assert!(
            problem["title"].is_string() && problem["type"].is_string(),
            "{problem}"
        );
        let detail = problem["detail"].as_str().expect("a text");
        assert!(detail.contains(says), "{method} {path}: {detail}");
    }

    // None of it was an order.
    let orders = service.client.sample("order_duration_seconds_count");
    assert!(orders.abs() < f64::EPSILON, "{orders}");
}

#[test]
fn names_parameter_value_and_what_was_expected() {
    let service = Service::start(&[]);
    let problem = service.client.post("/simulate?error_rate=2").json();
    assert_eq!(problem["parameter"], "error_rate");
    assert_eq!(problem["value"], "2");
    assert_eq!(problem["expected"], "a number from 0 to 1");
}

#[test]
fn parameters_in_a_body_are_refused_and_not_ignored() {
    let service = Service::start(&[]);
    for path in ["/orders", "/simulate"] {
        let answer = service.client.send("POST", path, "count=50");
        assert_eq!(answer.status, 400, "{path}");
        let problem = answer.json();
        assert_eq!(problem["code"], "unexpected_body", "{path}");
        let detail = problem["detail"].as_str().expect("a text");
        assert!(detail.contains("/simulate?count=50"), "{detail}");
    }
    let finished = service.client.sample("order_duration_seconds_count");
    assert!(finished.abs() < f64::EPSILON, "{finished} orders");
}

#[test]
fn a_wrong_method_is_told_the_right_one() {
    let service = Service::start(&[]);
    assert_eq!(service.client.get("/orders").header("allow"), "POST");
    assert_eq!(service.client.post("/health").header("allow"), "GET,HEAD");
}

#[test]
fn made_up_methods_and_paths_share_one_series() {
    let service = Service::start(&[]);
    for (method, path) in [("BREW", "/a"), ("STIR", "/b"), ("SIP", "/c")] {
        assert_eq!(service.client.send(method, path, "").status, 404);
    }
    let unmatched = r#"http_server_request_duration_seconds_count{http_request_method="_OTHER",http_response_status_code="404",url_scheme="http"}"#;
    assert!((service.client.sample(unmatched) - 3.0).abs() < f64::EPSILON);
}

/// Everything that comes back for these bytes until the service closes the connection.
fn exchange(service: &Service, request: &str) -> String {
    let mut connection = TcpStream::connect(service.address).expect("it listens");
    let patience = Some(Duration::from_secs(20));
    connection.set_read_timeout(patience).expect("not zero");
    connection.write_all(request.as_bytes()).expect("it reads");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).expect("it closes");
    answer
}

#[test]
fn a_request_without_a_host_or_with_two_is_a_400() {
    let service = Service::start(&[]);
    for hosts in ["", "Host: a\r\nHost: a\r\n"] {
        let request = format!("POST /orders HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n");
        let answer = exchange(&service, &request);
        assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
        assert!(answer.contains(r#""code":"invalid_host""#), "{answer}");
    }
}

#[test]
fn half_sent_headers_are_not_waited_for_for_ever_and_long_ones_are_refused() {
    let limits = Limits {
        header_timeout: Duration::from_millis(100),
        ..Limits::DEFAULT
    };
    let service = Service::start_within(limits, &[]);
    let half = "POST /orders HTTP/1.1\r\nHost: orders\r\nX-Padding: ";
    assert_eq!(exchange(&service, half), "");
    let long = format!("{half}{}", "x".repeat(limits.header_bytes));
    assert!(exchange(&service, &long).starts_with("HTTP/1.1 431"));
}
