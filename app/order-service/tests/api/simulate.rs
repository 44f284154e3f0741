//! `POST /simulate`.

use std::thread;

use serde_json::Value;

use crate::support::Service;

fn simulate(service: &Service, query: &str) -> Value {
    let answer = service.client.post(&format!("/simulate{query}"));
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

#[test]
fn makes_twenty_healthy_orders_unless_told_otherwise() {
    let service = Service::start(&[]);
    let summary = simulate(&service, "");
    assert_eq!(summary["requested"], 20);
    assert_eq!(summary["succeeded"], 20);
    assert_eq!(summary["failed"], 0);
    assert_eq!(summary["rejected"], 0);
    let names: Vec<_> = summary.as_object().expect("an object").keys().collect();
    let mut expected = [
        "requested",
        "succeeded",
        "failed",
        "rejected",
        "duration_seconds",
        "p50_seconds",
        "p95_seconds",
        "max_seconds",
        "seed",
    ];
    expected.sort_unstable();
    assert_eq!(names, expected);
}

#[test]
fn fails_exactly_the_share_asked_for() {
    let service = Service::start(&[]);
    for (query, failed) in [
        ("?count=100&error_rate=0.1", 10),
        ("?count=50&error_rate=0.5", 25),
        ("?count=7&error_rate=0.5", 4),
        ("?count=10000&error_rate=0.0001", 1),
        ("?count=1&error_rate=1", 1),
    ] {
        assert_eq!(simulate(&service, query)["failed"], failed, "{query}");
    }
    let total = service
        .client
        .sample(r#"orders_processed_total{status="failure"}"#);
    assert!((total - 41.0).abs() < f64::EPSILON, "{total}");
}

#[test]
fn slows_exactly_the_share_asked_for() {
    let service = Service::start(&[]);
    let summary = simulate(&service, "?count=20&slow_rate=0.25&slow_seconds=0.3");
    assert!(summary["max_seconds"].as_f64() >= Some(0.3), "{summary}");
    let quick = service
        .client
        .sample(r#"order_duration_seconds_bucket{le="0.25"}"#);
    assert!(
        (quick - 15.0).abs() < f64::EPSILON,
        "{quick} of 15 were quick"
    );
}

#[test]
fn uses_the_seed_it_is_given_and_tells_the_one_it_chose() {
    let service = Service::start(&[]);
    assert_eq!(simulate(&service, "?seed=7")["seed"], 7);
    let chosen = simulate(&service, "")["seed"].clone();
    assert!(chosen.is_u64(), "{chosen}");
    assert_ne!(chosen, simulate(&service, "")["seed"]);
}

#[test]
fn refuses_a_batch_that_would_outlast_the_request() {
    let service = Service::start(&[
        ("ORDER_WORKERS", "4"),
        ("ORDER_SERVICE_TIME_MEDIAN_MS", "80"),
        ("ORDER_REQUEST_TIMEOUT_SECONDS", "50"),
    ]);
    for (query, expected) in [
        // 10,000 × 90.65 ms / 4 workers.
        ("count=10000", "227 s"),
        // (40 × 90.65 ms + 20 × 15 s) / 4 workers.
        ("count=40&slow_rate=0.5&slow_seconds=15", "76 s"),
        // One worker is enough for one order, but it takes its time.
        ("count=1&slow_rate=1&slow_seconds=60", "60 s"),
    ] {
        let answer = service.client.post(&format!("/simulate?{query}"));
        assert_eq!(answer.status, 400, "{query}");
        let problem = answer.json();
        assert_eq!(problem["code"], "simulation_too_long");
        let detail = problem["detail"].as_str().expect("a text");
        assert!(
            detail.contains(expected) && detail.contains("50 s"),
            "{detail}"
        );
    }
}

#[test]
fn waits_for_room_and_leaves_half_the_queue_to_orders() {
    let service = Service::start(&[("ORDER_WORKERS", "2"), ("ORDER_QUEUE_CAPACITY", "10")]);
    let client = service.client.clone();
    let batch =
        thread::spawn(move || client.post("/simulate?count=60&slow_rate=1&slow_seconds=0.1"));
    service.client.wait_for("order_queue_depth", 5.0);
    let mut deepest = 0.0_f64;
    while !batch.is_finished() {
        deepest = deepest.max(service.client.sample("order_queue_depth"));
    }
    let summary = batch.join().expect("no panic").json();
    assert_eq!(summary["succeeded"], 60);
    assert!(
        (deepest - 5.0).abs() < f64::EPSILON,
        "{deepest} were queued"
    );
    assert!(
        service
            .client
            .sample(r#"orders_rejected_total{reason="queue_full"}"#)
            .abs()
            < f64::EPSILON
    );
}

#[test]
fn submits_no_more_once_the_request_has_timed_out() {
    // 10 × 0.1 s would be in time; another client's order, 0.9 s long, is in the way.
    let service = Service::start(&[
        ("ORDER_WORKERS", "1"),
        ("ORDER_QUEUE_CAPACITY", "2"),
        ("ORDER_REQUEST_TIMEOUT_SECONDS", "1"),
    ]);
    let client = service.client.clone();
    let blocking = thread::spawn(move || client.post("/orders?slow=true&slow_seconds=0.9").status);
    service.client.wait_for("order_workers_busy", 1.0);

    let answer = service
        .client
        .post("/simulate?count=10&slow_rate=1&slow_seconds=0.1");

    assert_eq!(answer.status, 504, "{}", answer.body);
    // Its orders are synthetic: no customer waited for one of them.
    let timed_out = service.client.sample("orders_timed_out_total");
    assert!(timed_out.abs() < f64::EPSILON, "{timed_out}");
    assert_eq!(blocking.join().ok(), Some(201));
    service.client.wait_for("order_workers_busy", 0.0);
    service.client.wait_for("order_queue_depth", 0.0);
    let finished = service.client.sample("order_duration_seconds_count");
    assert!(
        finished > 1.0 && finished < 11.0,
        "{finished} were finished"
    );
}
