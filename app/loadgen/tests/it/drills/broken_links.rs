//! Each link of the path broken: the drill fails, and says which link it is.

use loadgen::drill::report::Outcome;

use super::cast::Broken;
use super::fake::Fake;

/// Runs high-error-rate with this broken; it must fail at this step, with a line that has all of these parts.
fn fails(broken: Broken, step: &str, parts: &[&str]) {
    let fake = Fake::new(broken, &["HighErrorRate"]);
    let ended = fake.run_in_vain(&["high-error-rate"]);
    let drill = ended.drill();
    assert_eq!(
        (ended.code, drill.outcome),
        (4, Outcome::Failed),
        "{broken:?}: {}\n{drill:?}",
        ended.said
    );
    assert_eq!(
        ended.result("HighErrorRate", step),
        "failed",
        "{broken:?}: {drill:?}"
    );
    let reasons = drill.reasons.join("\n");
    for part in parts {
        assert!(reasons.contains(part), "{broken:?}: {part} in {reasons}");
    }
    assert_eq!(
        drill.loads.len(),
        1 + usize::from(step.starts_with("resolve")),
        "{drill:?}"
    );
}

#[test]
fn never_pending_because_the_expression_stays_false() {
    fails(
        Broken::NeverTrue,
        "true",
        &["HighErrorRate never went pending", "is still false"],
    );
}

#[test]
fn never_pending_because_the_rule_is_not_evaluated() {
    fails(
        Broken::NeverPending,
        "pending",
        &[
            "never went pending, although its expression is true",
            "rule group",
        ],
    );
}

#[test]
fn pending_but_cleared_before_it_fires() {
    fails(
        Broken::ClearsEarly,
        "firing",
        &["was pending but cleared after", "before its `for`"],
    );
}

#[test]
fn firing_but_not_in_alertmanager() {
    fails(
        Broken::NotInAlertmanager,
        "in Alertmanager",
        &[
            "fires in Prometheus but is not in Alertmanager",
            "`alerting` in prometheus.yml",
        ],
    );
}

#[test]
fn in_alertmanager_for_the_wrong_receiver() {
    fails(
        Broken::WrongReceiver,
        "in Alertmanager",
        &[
            "HighErrorRate fired and is in Alertmanager, but for receiver slack, not pagerduty: look at `route` in alertmanager.yml",
        ],
    );
}

#[test]
fn suppressed_by_a_silence_or_by_another_alert() {
    fails(
        Broken::Silenced,
        "in Alertmanager",
        &["suppressed: silenced by 5f1"],
    );
    fails(
        Broken::InhibitedByAnother,
        "in Alertmanager",
        &["suppressed: inhibited by OrderServiceDown"],
    );
}

#[test]
fn deliveries_that_are_counted_and_all_failed() {
    fails(
        Broken::DeliveryFails,
        "delivered",
        &[
            "Alertmanager tried 3 deliveries through pagerduty and all failed: wrong key, or the receiver is down",
        ],
    );
}

#[test]
fn no_delivery_tried_at_all() {
    fails(
        Broken::NothingTried,
        "delivered",
        &["has tried no delivery through pagerduty"],
    );
}

#[test]
fn delivered_but_not_to_this_pager() {
    fails(
        Broken::RecordMissing,
        "delivered",
        &[
            "counts 1 successful requests through pagerduty, but pager has no record of HighErrorRate",
        ],
    );
}

#[test]
fn a_record_that_alertmanager_knows_nothing_of() {
    fails(
        Broken::CountersStill,
        "delivered",
        &["Alertmanager counts no successful request through pagerduty"],
    );
}

#[test]
fn never_resolved() {
    fails(
        Broken::NeverResolves,
        "resolved",
        &["HighErrorRate still fires", "after its cause has ended"],
    );
}

#[test]
fn resolved_but_nobody_is_told() {
    fails(
        Broken::EndNotDelivered,
        "resolve delivered",
        &[
            "is resolved, but its end has not reached pagerduty",
            "send_resolved",
        ],
    );
}

#[test]
fn a_second_incident_of_pagerduty() {
    let fake = Fake::new(
        Broken::SecondIncident,
        &["HighErrorRate", "OrderAvailabilityBudgetBurn"],
    );
    let ended = fake.run(&["high-error-rate"]);
    assert_eq!(ended.code, 4, "{:?}", ended.drill());
    assert_eq!(ended.result("PagerDuty", "incident over"), "failed");
    let reasons = ended.drill().reasons.join("\n");
    assert!(
        reasons.contains("PagerDuty has more than one incident: a second one was opened for"),
        "{reasons}"
    );
}

#[test]
fn an_alert_that_has_nothing_to_do_with_it() {
    let fake = Fake::new(Broken::AnotherFires, &["HighErrorRate"]);
    let ended = fake.run(&["high-error-rate"]);
    assert_eq!(ended.code, 4, "{:?}", ended.drill());
    assert_eq!(
        ended.result("high-error-rate", "no unexpected alert"),
        "failed"
    );
    let reasons = ended.drill().reasons.join("\n");
    assert!(
        reasons.contains(
            "ConfigReloadFailed{severity=\"warning\"} fired and is no part of this drill"
        ),
        "{reasons}"
    );
}

#[test]
fn a_blip_that_fires() {
    let fake = Fake::new(Broken::NeverResolves, &["HighErrorRate"]);
    let ended = fake.run(&["blip"]);
    assert_eq!(ended.code, 4, "{:?}", ended.drill());
    let reasons = ended.drill().reasons.join("\n");
    assert!(
        reasons.contains("HighErrorRate fired, although the burst was over"),
        "{reasons}"
    );
}

#[test]
fn fault_controls_that_are_off_are_named_as_the_likely_cause() {
    fails(
        Broken::FaultsOff,
        "true",
        &["never went pending", "refused with a 4xx", "ORDER_FAULTS"],
    );
}
