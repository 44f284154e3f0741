//! A stack that is not fit for a drill: exit code 5, what is wrong and what to do, and nothing is sent.

use loadgen::drill::report::Outcome;

use super::cast::Broken;
use super::fake::Fake;

#[test]
fn every_kind_of_dirty_baseline_is_named_and_nothing_is_sent() {
    let cases = [
        (Broken::NotReady, "503", "scripts/up"),
        (
            Broken::NoTarget,
            "has not scraped job order-service",
            "/targets",
        ),
        (
            Broken::RuleMissing,
            "no rule HighErrorRate in Prometheus: renamed or not loaded",
            "restart prometheus",
        ),
        (
            Broken::RuleUnhealthy,
            "rule HighErrorRate is not healthy",
            "many-to-many matching",
        ),
        (
            Broken::NoAlertmanager,
            "found no Alertmanager",
            "`alerting`",
        ),
        (
            Broken::SilenceThere,
            "silence 5f1 of ann",
            "silence expire 5f1",
        ),
        (
            Broken::AlertThere,
            "HighErrorRate is pending or firing already",
            "loadgen steady",
        ),
        (
            Broken::AlertHeld,
            "Alertmanager still holds HighErrorRate",
            "",
        ),
        (
            Broken::OutageOn,
            "pager was told to fail pagerduty",
            "curl -X DELETE",
        ),
        (
            Broken::HeartbeatSilent,
            "heartbeat is silent",
            "alertmanager.yml",
        ),
        (Broken::HeartbeatWaiting, "has not heard", "heartbeat"),
        (Broken::PagerGone, "pager at http://", "does not answer"),
    ];
    for (broken, what, advice) in cases {
        let fake = Fake::new(broken, &["HighErrorRate"]);
        let ended = fake.run(&["high-error-rate", "--wait", "0s"]);
        assert_eq!(ended.code, 5, "{broken:?}: {}", ended.said);
        assert_eq!(ended.drill().outcome, Outcome::NotFit, "{broken:?}");
        let reasons = ended.drill().reasons.join("\n");
        assert!(
            reasons.contains(what) && reasons.contains(advice),
            "{broken:?}: {reasons}"
        );
        assert!(fake.world().sent.is_empty(), "{broken:?}");
    }
}

#[test]
fn a_silence_of_something_else_is_no_obstacle() {
    let fake = Fake::new(Broken::OtherSilenceThere, &["HighErrorRate"]);
    let ended = fake.run(&["high-error-rate", "--dry-run"]);
    assert_eq!(ended.code, 0, "{:?}", ended.drill());
}

#[test]
fn what_does_not_come_by_itself_is_not_waited_for() {
    for broken in [
        Broken::RuleMissing,
        Broken::RuleUnhealthy,
        Broken::SilenceThere,
        Broken::OutageOn,
        Broken::PagerGone,
    ] {
        let fake = Fake::new(broken, &["HighErrorRate"]);
        let ended = fake.run(&["high-error-rate"]);
        assert_eq!(ended.code, 5, "{broken:?}: {}", ended.said);
        assert!(
            !ended.said.contains("waiting"),
            "{broken:?}: {}",
            ended.said
        );
    }
}

#[test]
fn what_comes_by_itself_is_waited_for_and_the_drill_begins() {
    for (broken, reason) in [
        (
            Broken::HeartbeatLate,
            "pager has not heard Watchdog's heartbeat yet",
        ),
        (
            Broken::RuleNotEvaluatedYet,
            "rule HighErrorRate has not been evaluated yet",
        ),
    ] {
        let fake = Fake::new(broken, &["HighErrorRate"]);
        let ended = fake.run(&["high-error-rate"]);
        assert_eq!(ended.code, 0, "{broken:?}: {}", ended.said);
        let waited = format!("waiting, at most 120 s more: {reason}");
        assert!(ended.said.contains(&waited), "{broken:?}: {}", ended.said);
    }
}

#[test]
fn a_wait_is_bounded_and_says_how_long_it_was() {
    let fake = Fake::new(Broken::HeartbeatWaiting, &["HighErrorRate"]);
    let ended = fake.run(&["high-error-rate", "--wait", "1s"]);
    assert_eq!(ended.code, 5, "{}", ended.said);
    let reasons = ended.drill().reasons.join("\n");
    assert!(
        reasons.contains("has not heard") && reasons.contains("waited "),
        "{reasons}"
    );
    assert!(fake.world().sent.is_empty());
}

#[test]
fn a_dry_run_says_what_it_would_wait_for_and_waits_for_nothing() {
    let fake = Fake::new(Broken::HeartbeatWaiting, &["HighErrorRate"]);
    let ended = fake.run(&["high-error-rate", "--dry-run"]);
    assert_eq!(
        (ended.code, ended.drill().outcome),
        (0, Outcome::Foreseen),
        "{}",
        ended.said
    );
    assert!(
        ended.said.contains("it would wait: pager has not heard"),
        "{}",
        ended.said
    );
}

#[test]
fn a_blip_needs_silence() {
    let fake = Fake::new(Broken::NotQuiet, &["HighErrorRate"]);
    let ended = fake.run(&["blip", "--wait", "0s"]);
    assert_eq!(ended.code, 5, "{:?}", ended.drill());
    let reasons = ended.drill().reasons.join("\n");
    assert!(reasons.contains("40 orders in the last 2 s"), "{reasons}");
    assert!(fake.world().sent.is_empty());
}

#[test]
fn a_dry_run_prints_the_timeline_from_the_live_rule_and_routing_and_sends_nothing() {
    let fake = Fake::new(Broken::Nothing, &["HighErrorRate"]);
    let ended = fake.run(&["high-error-rate", "--dry-run"]);
    let drill = ended.drill();
    assert_eq!(
        (ended.code, drill.outcome),
        (0, Outcome::Foreseen),
        "{}",
        ended.said
    );
    assert!(fake.world().sent.is_empty());
    let expected = |step: &str| {
        let row = drill
            .steps
            .iter()
            .find(|row| row.subject == "HighErrorRate" && row.step == step)
            .expect("it is foreseen");
        row.expected_from_seconds
            .zip(row.expected_to_seconds)
            .expect("it has a window")
    };
    // Ten orders at 20/s, then `for`, then group_wait.
    let close = |(a, b): (f64, f64), wanted: f64| (a - wanted).abs() < 0.001 && b > a;
    assert!(close(expected("pending"), 0.5), "{drill:?}");
    assert!(close(expected("firing"), 0.8), "{drill:?}");
    assert!(close(expected("delivered"), 0.9), "{drill:?}");
}
