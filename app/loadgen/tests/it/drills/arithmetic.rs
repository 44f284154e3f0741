//! The formulas of the prediction.

use loadgen::drill::Name;
use loadgen::drill::judge::Step;
use loadgen::drill::prediction::{onset, rate_to_outrun, timeline};

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
fn the_burn_storm_is_as_strong_as_it_must_be_to_page_before_it_is_inhibited() {
    let drill = Name::SloBurn.drill();
    let storm = drill.storm().expect("it has one");
    let rate = |hour: f64, minutes: f64| {
        let mut background = background(&drill.proofs[0], 0.0, &[(3600.0, hour), (300.0, minutes)]);
        background.is_recorded = true;
        rate_to_outrun(&background, storm, (5.0, 120.0))
    };
    // From quiet: 3,600 orders are there after 72 s.
    near(rate(0.0, 0.0).expect("it works from quiet"), 50.0);
    // Time left: 0.9 × (120 - 1 - 5 - 1 - 10 - 10) = 83.7 s; needed: 0.144 × 20,000 / 0.356 orders.
    near(
        rate(20_000.0, 0.0).expect("it works after 20,000 orders"),
        0.144 * 20_000.0 / 0.356 / 83.7,
    );
    assert_eq!(rate(1e6, 0.0), None, "no rate would do");
    // As many failures in the hour as the threshold allows: only the guard is left, and that is met.
    let mut failed = background(&drill.proofs[0], 0.0, &[(3600.0, 1e6), (300.0, 0.0)]);
    failed.traffic[0].bad = 0.2e6;
    let found = rate_to_outrun(&failed, storm, (5.0, 120.0));
    assert_eq!(found, Some(storm.rate));
}
