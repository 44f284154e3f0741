//! The formulas of the prediction.

use loadgen::drill::Name;
use loadgen::drill::definition::Mark;
use loadgen::drill::judge::Step;
use loadgen::drill::known::Marks;
use loadgen::drill::prediction::{decline, onset, rate, timeline};

use super::timings::{background, known};

fn near(found: f64, wanted: f64) {
    assert!((found - wanted).abs() < 0.01, "{found}, not {wanted}");
}

#[test]
fn a_share_passes_its_threshold_at_once_when_quiet_and_later_the_more_came_before() {
    let drill = Name::HighErrorRate.drill();
    let at = |orders: f64| {
        let known = known(
            20.0,
            vec![background(&drill.proofs[0], 120.0, &[(300.0, orders)])],
        );
        onset(&known.backgrounds[0], &known, drill.storm())
    };
    // Ten orders at 20/s; then a second for the order, and a scrape.
    near(at(0.0).earliest, 0.5);
    near(at(0.0).latest, 0.5 + 1.0 + 6.0);
    // 0.2 × 600 / (20 × (0.5 - 0.2)).
    near(at(600.0).earliest, 0.0);
    near(at(600.0).latest, 20.0 + 7.0);
    // However much there was, it is out of the window after its length.
    near(at(1e6).latest, 300.0 + 7.0);
}

#[test]
fn a_quiet_storm_pages_within_seconds_of_what_rule_and_routing_allow() {
    let drill = Name::HighErrorRate.drill();
    let rows = timeline(
        drill,
        &known(
            20.0,
            vec![background(&drill.proofs[0], 120.0, &[(300.0, 0.0)])],
        ),
    );
    let expected = |step| {
        let row = rows
            .iter()
            .find(|row| row.step == step)
            .expect("it is foreseen");
        row.expected.expect("it has a window")
    };
    near(expected(Step::Firing).earliest, 120.5);
    near(expected(Step::Delivered).earliest, 130.5);
    // Scrape, evaluation, one missed evaluation, and transport.
    near(
        expected(Step::Delivered).latest,
        130.5 + 1.0 + 6.0 + 5.0 + 5.0 + 2.0,
    );
}

#[test]
fn a_burn_storm_is_as_strong_as_it_must_be_after_a_busy_hour() {
    let drill = Name::SloBurn.drill();
    let storm = drill.storm().expect("it has one");
    let rate = |hour: f64, bad: f64| {
        let mut background = background(&drill.proofs[0], 120.0, &[(3600.0, hour), (300.0, 0.0)]);
        background.traffic[0].bad = bad;
        rate(&background, storm)
    };
    // 100 bad orders are there after 10 s, and 120 s would do.
    near(rate(0.0, 0.0), 20.0);
    // 0.144 × 20,000 / 0.356 orders in 120 s.
    near(rate(20_000.0, 0.0), 0.144 * 20_000.0 / 0.356 / 120.0);
    near(rate(1e6, 0.0), 250.0);
    // As many failures in the hour as the threshold allows.
    near(rate(1e6, 0.2e6), 20.0);
}

#[test]
fn a_burn_waits_for_its_guard_of_bad_orders_and_for_the_rules_own_for() {
    let drill = Name::SloBurn.drill();
    let known = known(
        20.0,
        vec![background(
            &drill.proofs[0],
            120.0,
            &[(3600.0, 0.0), (300.0, 0.0)],
        )],
    );
    let rows = timeline(drill, &known);
    let expected = |step| {
        let row = rows.iter().find(|row| row.step == step);
        row.expect("it is foreseen")
            .expected
            .expect("it has a window")
    };
    // 100 bad orders of 20/s at one half.
    near(expected(Step::Pending).earliest, 10.0);
    near(expected(Step::Firing).earliest, 130.0);
    // Until the slowest rule that pages has forgotten the storm, and the notice of that has come.
    let calm = expected(Step::Marked(Mark::Calm));
    let over = expected(Step::OneIncident);
    near(over.latest - calm.latest, 1800.0 + 5.0 + 5.0 + 30.0 + 2.0);
}

#[test]
fn an_alert_that_its_rule_keeps_firing_is_over_that_much_later() {
    let drill = Name::Overload.drill();
    let over = |keep: f64| {
        let mut background = background(&drill.proofs[0], 15.0, &[]);
        background.keep = keep;
        let known = known(600.0, vec![background]);
        let marks = Marks::default();
        decline(&known.backgrounds[0], (&known, &marks), drill.storm()).latest
    };
    near(over(120.0) - over(0.0), 120.0);
}
