//! The JSON summary and its text.

use loadgen::report::SCHEMA_VERSION;
use mock_target::Setup;
use serde_json::Value;

use crate::support::{code, mock, parsed, quick, report, run};

#[test]
fn the_json_has_the_documented_fields_and_nothing_else() {
    let output = run(
        &quick().url(),
        "error-storm --rate 100 --duration 1100ms --json --seed 7",
    );
    assert_eq!(code(&output), 0, "{output:?}");
    let json: Value = serde_json::from_slice(&output.stdout).expect("stdout is one JSON object");
    let names: Vec<_> = json.as_object().expect("an object").keys().collect();
    let wanted = "achieved addresses answers_per_second asked asked_seconds counts elapsed_seconds error_rate exit_code expect \
         generator lag load look_next outcome own_lag reasons response response_by_class scenario scheduled schema_version sent \
         service stages target thresholds";
    assert_eq!(names, wanted.split_whitespace().collect::<Vec<_>>());
    assert_eq!(
        serde_json::to_value(parsed(&output)).expect("a report"),
        json,
        "and none within them that nobody reads"
    );
    assert_eq!(json["schema_version"], SCHEMA_VERSION);
    assert_eq!(
        (&json["outcome"], &json["load"]),
        (&"pass".into(), &"open".into())
    );
    assert_eq!(json["asked"]["seed"], 7);
    let classes = [
        "ok", "http_4xx", "http_5xx", "timeout", "connect", "reset", "expired",
    ];
    assert_eq!(
        json["counts"].as_object().expect("an object").len(),
        classes.len()
    );
    let sum: u64 = classes
        .iter()
        .map(|class| json["counts"][class].as_u64().expect("a count"))
        .sum();
    assert_eq!(json["scheduled"], sum);
    for times in ["response", "service", "lag", "own_lag"] {
        for figure in [
            "count",
            "mean_seconds",
            "p50_seconds",
            "p90_seconds",
            "p95_seconds",
            "p99_seconds",
            "p99_9_seconds",
            "max_seconds",
        ] {
            assert!(json[times][figure].is_number(), "{times}.{figure}");
        }
    }
    assert!(
        json["response_by_class"]["reset"].is_null(),
        "no samples, no figures"
    );
}

#[test]
fn warm_up_storm_and_recovery_are_reported_apart() {
    let (_, report) = report(&quick().url(), "slow-storm --rate 100 --duration 1100ms");
    let stages: Vec<_> = report
        .stages
        .iter()
        .map(|stage| (stage.name.as_str(), stage.counts.ok))
        .collect();
    assert_eq!(stages, [("warm-up", 20), ("storm", 60), ("recovery", 30)]);
    assert_eq!(report.asked.share, Some(0.2));
}

#[test]
fn max_is_named_a_closed_loop() {
    let mock = quick();
    let typed = "max --duration 300ms --connections 8";
    let text = String::from_utf8(run(&mock.url(), typed).stdout).expect("text");
    assert!(text.contains("closed loop"), "{text}");
    let (_, report) = report(&mock.url(), typed);
    assert_eq!(
        (report.load.as_str(), report.achieved, report.asked.rate),
        ("closed", None, None)
    );
    assert!(report.counts.ok > 0 && report.scheduled == report.counts.ok);
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
        report(&mock.url(), &typed).1.scheduled
    };
    let first = counted(1);
    assert_eq!(counted(1), first);
    let others = [2, 3, 4].map(counted);
    assert!(others.iter().any(|count| *count != first), "{others:?}");
}

#[test]
fn the_rate_of_answers_does_not_depend_on_when_the_last_one_came() {
    let quick = quick();
    for (typed, wanted) in [
        ("steady --rate 0.5 --duration 1s", 1.0),
        ("steady --rate 2 --duration 2s", 2.0),
    ] {
        let (code, report) = report(&quick.url(), typed);
        assert_eq!(code, 0);
        let found = report.answers_per_second;
        assert!((found - wanted).abs() < 1e-9, "{typed}: {found}");
    }
    // What comes after the schedule's end says how long the tail was, not what the target can do.
    let slow = mock(Setup {
        answers_per_second: Some(20.0),
        ..Setup::default()
    });
    let (_, report) = report(&slow.url(), "steady --rate 60 --duration 1s --wait 0s");
    assert_eq!(report.counts.ok, 60);
    assert!(
        (10.0..=21.0).contains(&report.answers_per_second),
        "{report:?}"
    );
}

#[test]
fn a_poisson_run_in_which_no_arrival_was_due_is_no_failure() {
    let mock = quick();
    let found = (1..100).find_map(|seed: u32| {
        let typed = format!("steady --rate 0.5 --duration 1s --poisson --seed {seed}");
        let (code, report) = report(&mock.url(), &typed);
        (report.scheduled == 0).then_some((code, report))
    });
    let (code, report) = found.expect("e^-0.5 of all seeds");
    assert_eq!(code, 0, "{report:?}");
    assert!(report.reasons.is_empty(), "{report:?}");
}
