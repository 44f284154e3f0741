//! `POST /simulate`.

use serde_json::Value;
use service::testing::Client;

use crate::support::{FAILED, FINISHED, start};

fn simulate(service: &Client, query: &str) -> Value {
    let answer = service.post(&format!("/simulate?{query}"));
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

#[test]
fn makes_twenty_healthy_orders_unless_told_otherwise() {
    let summary = simulate(&start(&[]), "");
    for (name, count) in [
        ("requested", 20),
        ("succeeded", 20),
        ("failed", 0),
        ("rejected", 0),
    ] {
        assert_eq!(summary[name], count, "{name}");
    }
    let names: Vec<_> = summary.as_object().expect("an object").keys().collect();
    let expected = "duration_seconds failed max_seconds p50_seconds p95_seconds rejected requested seed succeeded";
    assert_eq!(names, expected.split(' ').collect::<Vec<_>>());
}

#[test]
fn fails_exactly_the_share_asked_for() {
    let service = start(&[]);
    for (query, failed) in [
        ("count=100&error_rate=0.1", 10),
        ("count=50&error_rate=0.5", 25),
        ("count=7&error_rate=0.5", 4),
        ("count=10000&error_rate=0.0001", 1),
        ("count=1&error_rate=1", 1),
    ] {
        assert_eq!(simulate(&service, query)["failed"], failed, "{query}");
    }
    assert_eq!(service.sample(FAILED), "41");
}

#[test]
fn slows_exactly_the_share_asked_for() {
    let service = start(&[]);
    let summary = simulate(&service, "count=20&slow_rate=0.25&slow_seconds=0.3");
    assert!(summary["max_seconds"].as_f64() >= Some(0.3), "{summary}");
    let quick = r#"order_duration_seconds_bucket{le="0.25"}"#;
    assert_eq!(service.sample(quick), "15");
}

#[test]
fn uses_the_seed_it_is_given_and_tells_the_one_it_chose() {
    let service = start(&[]);
    assert_eq!(simulate(&service, "seed=7")["seed"], 7);
    let chosen = simulate(&service, "")["seed"].clone();
    assert!(chosen.is_u64(), "{chosen}");
    assert_ne!(chosen, simulate(&service, "")["seed"]);
}

#[test]
fn refuses_a_batch_that_would_outlast_the_request() {
    let service = start(&[
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
        let answer = service.post(&format!("/simulate?{query}"));
        assert_eq!(answer.problem(), (400, "simulation_too_long".to_owned()));
        let says = answer.body.contains(expected) && answer.body.contains("50 s");
        assert!(says, "{}", answer.body);
    }
}

#[test]
fn waits_for_room_and_leaves_half_the_queue_to_orders() {
    let service = start(&[("ORDER_WORKERS", "2"), ("ORDER_QUEUE_CAPACITY", "10")]);
    let batch = service.post_aside("/simulate?count=60&slow_rate=1&slow_seconds=0.1");
    service.wait_for("order_queue_depth", "5");
    let mut deepest = 0.0_f64;
    while !batch.is_finished() {
        deepest = deepest.max(service.number("order_queue_depth"));
    }
    assert_eq!(batch.join().ok(), Some(200));
    assert!(deepest < 5.5, "{deepest} were queued");
    assert_eq!(service.sample(FINISHED), "60");
    let rejected = r#"orders_rejected_total{reason="queue_full"}"#;
    assert_eq!(service.sample(rejected), "0");
}

#[test]
fn submits_no_more_once_the_request_has_timed_out() {
    // 10 × 0.1 s would be in time; another client's order, 0.9 s long, is in the way.
    let service = start(&[
        ("ORDER_WORKERS", "1"),
        ("ORDER_QUEUE_CAPACITY", "2"),
        ("ORDER_REQUEST_TIMEOUT_SECONDS", "1"),
    ]);
    let blocking = service.post_aside("/orders?slow=true&slow_seconds=0.9");
    service.wait_for("order_workers_busy", "1");

    let answer = service.post("/simulate?count=10&slow_rate=1&slow_seconds=0.1");

    assert_eq!(answer.status, 504, "{}", answer.body);
    // Its orders are synthetic: no customer waited for one of them.
    assert_eq!(service.sample("orders_timed_out_total"), "0");
    assert_eq!(blocking.join().ok(), Some(201));
    service.wait_for("order_workers_busy", "0");
    service.wait_for("order_queue_depth", "0");
    let finished = service.number(FINISHED);
    assert!(
        finished > 1.0 && finished < 11.0,
        "{finished} were finished"
    );
}
