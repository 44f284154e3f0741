//! The JSON summary and its text.

use mock_target::Setup;
use serde_json::{Value, json};

use crate::support::{mock, quick, report, run};

fn names(object: &Value) -> Vec<&str> {
    let object = object.as_object().expect("an object");
    object.keys().map(String::as_str).collect()
}

#[test]
fn the_json_has_the_documented_fields_and_nothing_else() {
    let typed = "error-storm --rate 100 --duration 1100ms --seed 7 --fail p99>1m";
    let (code, report) = report(&quick().url(), typed);
    assert_eq!(code, 0, "{report}");
    for (at, wanted) in [
        (
            "",
            "achieved addresses answers_per_second asked asked_seconds counts elapsed_seconds error_rate exit_code expect \
             generator lag load look_next outcome own_lag reasons response response_by_class scenario scheduled schema_version \
             sent service stages target thresholds",
        ),
        (
            "/asked",
            "connections duration_seconds rate seed share spacing threads timeout_seconds",
        ),
        (
            "/generator",
            "busiest_worker_share pacing_share peak_memory_bytes",
        ),
        (
            "/stages/0",
            "asked_rate counts error_rate name response seconds service",
        ),
        ("/thresholds/0", "actual expression missed unit"),
    ] {
        let found = names(report.pointer(at).expect("it is there"));
        assert_eq!(found.join(" "), wanted, "{at}");
    }
    assert_eq!(report["schema_version"], 2);
    assert_eq!(report["outcome"], "pass");
    assert_eq!(report["load"], "open");
    assert_eq!(report["asked"]["seed"], 7);
    let classes = "connect expired http_4xx http_5xx ok reset timeout";
    assert_eq!(names(&report["counts"]).join(" "), classes);
    assert_eq!(names(&report["response_by_class"]).join(" "), classes);
    let counts = report["counts"].as_object().expect("an object").values();
    let sum: u64 = counts.filter_map(Value::as_u64).sum();
    assert_eq!(report["scheduled"], sum);
    for times in ["response", "service", "lag", "own_lag"] {
        let figures = names(&report[times]).join(" ");
        let wanted = "count max_seconds mean_seconds p50_seconds p90_seconds p95_seconds p99_9_seconds p99_seconds";
        assert_eq!(figures, wanted, "{times}");
    }
    assert!(
        report["response_by_class"]["reset"].is_null(),
        "no samples, no figures"
    );
}

#[test]
fn warm_up_storm_and_recovery_are_reported_apart() {
    let (_, report) = report(&quick().url(), "slow-storm --rate 100 --duration 1100ms");
    let stages = report["stages"].as_array().expect("a list").iter();
    let stages: Vec<_> = stages
        .map(|stage| json!([stage["name"], stage["counts"]["ok"]]))
        .collect();
    let wanted = json!([["warm-up", 20], ["storm", 60], ["recovery", 30]]);
    assert_eq!(Value::from(stages), wanted);
    assert_eq!(report["asked"]["share"], 0.2);
}

#[test]
fn max_is_named_a_closed_loop() {
    let mock = quick();
    let typed = "max --duration 300ms --connections 8";
    let text = String::from_utf8(run(&mock.url(), typed).stdout).expect("text");
    assert!(text.contains("closed loop"), "{text}");
    let (_, report) = report(&mock.url(), typed);
    assert_eq!(report["load"], "closed");
    assert!(report["achieved"].is_null() && report["asked"]["rate"].is_null());
    assert!(report["counts"]["ok"].as_u64() > Some(0));
    assert_eq!(report["scheduled"], report["counts"]["ok"]);
}

#[test]
fn the_text_says_what_each_time_means_what_to_expect_and_where_to_look() {
    let output = run(&quick().url(), "bursts --rate 100 --duration 1s --seed 42");
    let text = String::from_utf8(output.stdout).expect("text");
    for part in [
        "seed 42",
        "response ",
        "service ",
        "lag ",
        "(done - intended)",
        "(done - sent)",
        "(sent - intended)",
        "warm-up",
        "burst",
        "calm",
        "With the defaults, expect on the demo stack: three times the queue",
        "Look next:",
        "http://localhost:3000",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn the_same_seed_makes_the_same_poisson_run() {
    let mock = quick();
    let counted = |seed| {
        let typed = format!("steady --rate 300 --duration 500ms --poisson --seed {seed}");
        report(&mock.url(), &typed).1["scheduled"].clone()
    };
    let first = counted(1);
    assert_eq!(counted(1), first);
    let others = [2, 3, 4].map(counted);
    assert!(others.iter().any(|count| *count != first), "{others:?}");
}

#[test]
fn the_rate_of_answers_does_not_depend_on_when_the_last_one_came() {
    let (_, short) = report(&quick().url(), "steady --rate 2 --duration 1s");
    assert_eq!(short["answers_per_second"], 2.0);
    // What comes after the schedule's end says how long the tail was, not what the target can do.
    let slow = mock(Setup {
        answers_per_second: Some(20.0),
        ..Setup::default()
    });
    let (_, report) = report(&slow.url(), "steady --rate 60 --duration 1s --wait 0s");
    assert_eq!(report["counts"]["ok"], 60);
    let rate = report["answers_per_second"].as_f64().expect("a rate");
    assert!((10.0..=21.0).contains(&rate), "{rate}");
}
