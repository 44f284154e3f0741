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
            "wait",
        ),
        (
            Broken::AlertHeld,
            "Alertmanager still holds HighErrorRate",
            "wait",
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
        (Broken::HeartbeatWaiting, "has not heard", "wait a minute"),
        (Broken::PagerGone, "pager at http://", "does not answer"),
    ];
    for (broken, what, advice) in cases {
        let fake = Fake::new(broken, &["HighErrorRate"]);
        let ended = fake.run(&["high-error-rate"]);
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
fn a_burn_waits_for_the_end_of_what_would_inhibit_it() {
    for broken in [Broken::AlertThere, Broken::AlertHeld] {
        let fake = Fake::with_hold(broken, &["OrderAvailabilityBudgetBurn"], 120.0);
        let ended = fake.run(&["slo-burn"]);
        assert_eq!(ended.code, 5, "{broken:?}: {:?}", ended.drill());
        let reasons = ended.drill().reasons.join("\n");
        let wanted = "HighErrorRate is there already and would inhibit OrderAvailabilityBudgetBurn";
        assert!(reasons.contains(wanted), "{broken:?}: {reasons}");
        assert!(fake.world().sent.is_empty(), "{broken:?}");
    }
}

#[test]
fn a_blip_needs_silence() {
    let fake = Fake::new(Broken::NotQuiet, &["HighErrorRate"]);
    let ended = fake.run(&["blip"]);
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
