//! Drills of a stack that works.

use loadgen::drill::report::Outcome;

use super::cast::Broken;
use super::fake::Fake;

#[test]
fn an_alert_that_arrives_and_resolves_passes_with_every_step_seen_in_its_order() {
    let fake = Fake::new(Broken::Nothing, &["HighErrorRate"]);
    let ended = fake.run(&["high-error-rate"]);
    let drill = ended.drill();
    assert_eq!(
        (ended.code, drill.outcome),
        (0, Outcome::Pass),
        "{}\n{drill:?}",
        ended.said
    );
    let steps: Vec<_> = drill
        .steps
        .iter()
        .filter(|row| row.subject == "HighErrorRate")
        .collect();
    let names: Vec<_> = steps.iter().map(|row| row.step.as_str()).collect();
    assert_eq!(
        names,
        [
            "true",
            "pending",
            "firing",
            "in Alertmanager",
            "delivered",
            "resolved",
            "resolve delivered"
        ]
    );
    let seen = |step: &str| {
        let row = steps
            .iter()
            .find(|row| row.step == step)
            .expect("it is there");
        row.seen_seconds.expect("it was seen")
    };
    // What the fake's timings are, exactly, whenever the drill looked.
    assert!(
        (seen("firing") - seen("pending") - 0.3).abs() < 0.01,
        "{drill:?}"
    );
    assert!(
        (seen("delivered") - seen("firing") - 0.1).abs() < 0.01,
        "{drill:?}"
    );
    assert!(
        (seen("resolve delivered") - seen("resolved") - 0.2).abs() < 0.01,
        "{drill:?}"
    );
    assert!(seen("true") <= seen("pending") && seen("pending") - seen("true") < 0.11);
    assert!(
        drill.steps.iter().all(|row| row.result == "seen"),
        "{drill:?}"
    );
    assert_eq!(drill.baseline, ["TargetDown{job=\"elsewhere\"}"]);
    let loads: Vec<_> = drill.loads.iter().map(|load| load.name.as_str()).collect();
    assert_eq!(loads, ["storm", "recovery"]);
    assert!(drill.loads[0].counts.http_5xx > 0 && drill.loads[0].counts.ok > 0);
    assert_eq!(drill.loads[1].counts.http_5xx, 0);
    assert!(
        ended.said.contains("waiting for HighErrorRate"),
        "{}",
        ended.said
    );
}

#[test]
fn the_other_storms_pass_for_their_own_receivers() {
    for (name, alert, integration) in [
        ("high-latency", "HighLatency", "slack"),
        ("slo-burn", "OrderAvailabilityBudgetBurn", "pagerduty"),
    ] {
        let fake = Fake::new(Broken::Nothing, &[alert]);
        let ended = fake.run(&[name]);
        assert_eq!(ended.code, 0, "{}\n{:?}", ended.said, ended.drill());
        assert_eq!(ended.result(alert, "resolve delivered"), "seen");
        let delivered = ended
            .drill()
            .steps
            .iter()
            .find(|row| row.subject == alert && row.step == "delivered")
            .expect("it is there");
        let detail = delivered
            .detail
            .as_deref()
            .expect("it names the integration");
        assert!(detail.starts_with(integration), "{detail}");
    }
}

#[test]
fn until_delivered_gives_the_verdict_early_and_says_that_recovery_was_skipped() {
    let fake = Fake::new(Broken::Nothing, &["HighErrorRate"]);
    let ended = fake.run(&["high-error-rate", "--until", "delivered"]);
    assert_eq!(ended.code, 0, "{}\n{:?}", ended.said, ended.drill());
    assert!(ended.drill().recovery_skipped);
    assert_eq!(ended.result("HighErrorRate", "delivered"), "seen");
    assert_eq!(ended.result("HighErrorRate", "resolved"), "skipped");
    assert_eq!(ended.drill().loads.len(), 1, "no recovery was sent");
    assert_eq!(ended.result("high-error-rate", "incident ends"), "seen");
}

#[test]
fn a_blip_is_pending_and_never_fires() {
    let fake = Fake::with_hold(Broken::Nothing, &["HighErrorRate"], 6.0);
    let ended = fake.run(&["blip"]);
    assert_eq!(ended.code, 0, "{}\n{:?}", ended.said, ended.drill());
    assert_eq!(ended.result("HighErrorRate", "pending"), "seen");
    assert_eq!(
        ended.result("HighErrorRate", "cleared, never fired"),
        "seen"
    );
    assert_eq!(ended.result("HighErrorRate", "firing"), "absent");
    let sent = fake.world().sent.clone();
    assert_eq!(
        sent,
        [
            "/simulate?count=20&error_rate=0.5&seed=7",
            "/simulate?count=200&error_rate=0&seed=7"
        ]
    );
}

#[test]
fn the_burn_joins_the_page_and_the_drill_goes_on_until_the_incident_is_over() {
    let fake = Fake::new(
        Broken::Nothing,
        &["HighErrorRate", "OrderAvailabilityBudgetBurn"],
    );
    let ended = fake.run(&["high-error-rate"]);
    assert_eq!(ended.code, 0, "{}\n{:?}", ended.said, ended.drill());
    let seen = |subject: &str, step: &str| {
        let mut steps = ended.drill().steps.iter();
        let row = steps.find(|row| row.subject == subject && row.step == step);
        row.and_then(|row| row.seen_seconds).expect("it was seen")
    };
    // The burn outlives it by a second; the record of its own end lists it as resolved while the group still fires.
    let own = seen("HighErrorRate", "resolve delivered");
    let whole = seen("PagerDuty", "incident over");
    assert!((whole - own - 1.0).abs() < 0.11, "{own} and {whole}");
    let recovery = &ended.drill().loads[1];
    assert!(
        recovery.asked_seconds > 1.0,
        "healthy orders went on to dilute the burn: {recovery:?}"
    );
}

#[test]
fn a_pager_that_lists_no_alerts_will_do() {
    let fake = Fake::new(Broken::OldPager, &["HighErrorRate"]);
    let ended = fake.run(&["high-error-rate"]);
    assert_eq!(ended.code, 0, "{}\n{:?}", ended.said, ended.drill());
}

#[test]
fn an_alert_that_is_held_back_because_of_the_drills_own_is_no_stranger() {
    let fake = Fake::new(Broken::HeldBackFires, &["HighErrorRate"]);
    let ended = fake.run(&["high-error-rate"]);
    assert_eq!(ended.code, 0, "{}\n{:?}", ended.said, ended.drill());
}

#[test]
fn an_alert_of_an_objective_may_join_a_storm() {
    let fake = Fake::new(Broken::SloFires, &["HighErrorRate"]);
    let ended = fake.run(&["high-error-rate"]);
    assert_eq!(ended.code, 0, "{}\n{:?}", ended.said, ended.drill());
}

#[test]
fn the_table_shows_every_step_with_its_source() {
    let fake = Fake::new(Broken::Nothing, &["HighErrorRate"]);
    let output = fake
        .command(&["high-error-rate", "--slack", "60s"])
        .output()
        .expect("it was built for this test");
    let table = String::from_utf8(output.stdout).expect("text");
    for part in [
        "expected",
        "resolve delivered",
        "pager's record, Alertmanager's counters",
        "Prometheus, samples of ALERTS",
        "no unexpected alert",
        "PASS high-error-rate",
        "there before: TargetDown",
    ] {
        assert!(table.contains(part), "{part} in {table}");
    }
}

#[test]
fn a_series_runs_one_after_the_other_and_prints_one_table() {
    let fake = Fake::new(Broken::PagerGone, &[]);
    let ended = fake.run(&["--all"]);
    let names: Vec<_> = ended
        .report
        .drills
        .iter()
        .map(|drill| drill.name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "blip",
            "high-latency",
            "slo-burn",
            "high-error-rate",
            "overload"
        ],
        "those that a container can run"
    );
    assert_eq!(ended.code, 5);
}
