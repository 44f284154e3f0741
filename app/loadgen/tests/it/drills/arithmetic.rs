//! The formulas of the prediction, and the judgement of scenes that no storm of a test could make.

use loadgen::drill::Name;
use loadgen::drill::definition::{Drill, Mark};
use loadgen::drill::evidence::{Evidence, HeldBack, Look, Sighting};
use loadgen::drill::judge::{Row, Scene, Standing, Step, Watched, rows};
use loadgen::drill::known::{Background, Known, Marks, Traffic, Window};
use loadgen::drill::matchers::Labels;
use loadgen::drill::prediction::{onset, rate_to_outrun, timeline};
use loadgen::drill::routing::Way;
use loadgen::drill::sources::alertmanager::Requests;
use loadgen::drill::sources::prometheus::{AlertSeries, Rule};

/// The stack's own timings.
fn background(hold: f64, traffic: &[(f64, f64)]) -> Background {
    Background {
        hold,
        interval: 5.0,
        query: String::new(),
        labels: Labels::new(),
        longest: 300.0,
        is_recorded: false,
        traffic: traffic
            .iter()
            .map(|&(window, orders)| Traffic {
                window,
                orders,
                bad: 0.0,
            })
            .collect(),
        quiet: None,
        way: Way {
            receiver: "pagerduty".into(),
            group_wait: 10.0,
            group_interval: 30.0,
            repeat_interval: 14_400.0,
        },
        group_lingers: false,
        alarm_after: 60.0,
        resend: 10.0,
    }
}

fn known(rate: f64, backgrounds: Vec<Background>) -> Known {
    Known {
        scrape: 5.0,
        rate,
        queue_capacity: 1000.0,
        backgrounds,
    }
}

fn near(found: f64, wanted: f64) {
    assert!((found - wanted).abs() < 0.01, "{found}, not {wanted}");
}

#[test]
fn a_share_passes_its_threshold_at_once_when_quiet_and_later_the_more_came_before() {
    let drill = Name::HighErrorRate.drill();
    let at = |orders: f64| {
        let known = known(20.0, vec![background(120.0, &[(300.0, orders)])]);
        onset(
            &drill.proofs[0],
            &known.backgrounds[0],
            &known,
            drill.storm(),
        )
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
        &known(20.0, vec![background(120.0, &[(300.0, 0.0)])]),
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
        let mut background = background(0.0, &[(3600.0, hour), (300.0, minutes)]);
        background.is_recorded = true;
        rate_to_outrun(&drill.proofs[0], &background, storm, (5.0, 120.0))
    };
    // From quiet: 3,600 orders are there after 72 s.
    near(rate(0.0, 0.0).expect("it works from quiet"), 50.0);
    // Time left: 0.9 × (120 - 1 - 5 - 1 - 10 - 10) = 83.7 s; needed: 0.144 × 20,000 / 0.356 orders.
    near(
        rate(20_000.0, 0.0).expect("it works after 20,000 orders"),
        0.144 * 20_000.0 / 0.356 / 83.7,
    );
    assert_eq!(rate(1e6, 0.0), None, "no rate would do");
}

fn samples(state: &str, times: &[f64]) -> AlertSeries {
    AlertSeries {
        labels: [("alertname", "HighErrorRate"), ("alertstate", state)]
            .map(|(name, value)| (name.to_string(), value.to_string()))
            .into(),
        times: times.to_vec(),
    }
}

fn learnt(series: Vec<AlertSeries>, is_active: bool) -> Evidence {
    let drill = Name::HighErrorRate.drill();
    let mut marks = Marks::default();
    marks.set(Mark::Storm, Window::at(100.0));
    let own = || Labels::from([("alertname".to_string(), "HighErrorRate".to_string())]);
    let rule = Rule {
        active: is_active.then(own).into_iter().collect(),
        ..Rule::default()
    };
    let look = Look {
        at: 400.0,
        series: Some(series),
        rules: [("HighErrorRate", vec![rule])].into(),
        ..Look::default()
    };
    let mut evidence = Evidence::default();
    evidence.learn(
        (&drill.proofs[0], &background(120.0, &[])),
        &marks,
        &[("pagerduty".to_string(), Requests::default())].into(),
        &look,
    );
    evidence
}

#[test]
fn moments_are_those_of_the_samples() {
    let evidence = learnt(
        vec![
            // Before the drill, and a stretch that led to nothing: neither counts.
            samples("pending", &[50.0, 110.0, 115.0, 150.0, 155.0, 160.0]),
            samples("firing", &[165.0, 170.0, 175.0]),
        ],
        false,
    );
    assert_eq!(evidence.pending_at, Some(150.0));
    assert_eq!(evidence.firing_at, Some(165.0));
    assert_eq!(
        evidence.over_at,
        Some(180.0),
        "the evaluation after the last"
    );
}

#[test]
fn an_alert_that_is_still_there_is_not_over_however_old_its_last_sample_is() {
    let evidence = learnt(vec![samples("pending", &[110.0])], true);
    assert_eq!((evidence.pending_at, evidence.over_at), (Some(110.0), None));
}

/// The row of an alert's step in an overload that stands like this.
fn overload(held_back: Option<HeldBack>) -> Row {
    let drill: &'static Drill = Name::Overload.drill();
    let known = known(600.0, vec![background(15.0, &[]), background(15.0, &[])]);
    let mut marks = Marks::default();
    marks.set(Mark::Storm, Window::at(1000.0));
    let evidence = Evidence {
        true_at: Some(1005.0),
        pending_at: Some(1005.0),
        firing_at: Some(1020.0),
        sighting: Some(Sighting {
            at: 1020.5,
            receivers: vec!["slack".into()],
        }),
        held_back,
        ..Evidence::default()
    };
    let found = rows(&Scene {
        evidence: &[evidence, Evidence::default()],
        readings: &[Watched::default(), Watched::default()],
        now: Some(1021.0),
        slack: 15.0,
        ..Scene::foreseen(drill, &known, &marks)
    });
    let mine = found
        .into_iter()
        .find(|row| row.subject == "OrderQueueNearlyFull" && row.step == Step::InAlertmanager);
    mine.expect("it is judged")
}

#[test]
fn only_the_alert_that_explains_it_may_hold_an_alert_back() {
    let by = |silences: &[&str], inhibitors: &[&str]| {
        let texts = |all: &[&str]| all.iter().map(ToString::to_string).collect();
        Some(HeldBack {
            at: 1020.5,
            silences: texts(silences),
            inhibitors: texts(inhibitors),
        })
    };
    assert_eq!(overload(None).standing, Standing::Seen(1020.5));
    assert_eq!(
        overload(by(&[], &["OrdersRejected"])).standing,
        Standing::Seen(1020.5)
    );
    for held_back in [
        by(&[], &["HighLatency"]),
        by(&["5f1"], &[]),
        by(&["5f1"], &["OrdersRejected"]),
    ] {
        let row = overload(held_back);
        let reason = row.failure().expect("it fails");
        assert!(reason.contains("suppressed"), "{reason}");
    }
}

#[test]
fn a_step_that_comes_too_late_fails_and_says_by_how_much() {
    let drill = Name::HighErrorRate.drill();
    let known = known(20.0, vec![background(120.0, &[(300.0, 0.0)])]);
    let mut marks = Marks::default();
    marks.set(Mark::Storm, Window::at(1000.0));
    let judged = |firing_at: f64| {
        let evidence = Evidence {
            true_at: Some(1005.0),
            pending_at: Some(1005.0),
            firing_at: Some(firing_at),
            ..Evidence::default()
        };
        let found = rows(&Scene {
            evidence: &[evidence],
            now: Some(firing_at),
            slack: 15.0,
            ..Scene::foreseen(drill, &known, &marks)
        });
        let mine = found.into_iter().find(|row| row.step == Step::Firing);
        mine.expect("it is judged")
    };
    assert_eq!(judged(1125.0).standing, Standing::Seen(1125.0));
    assert_eq!(
        judged(1145.0).standing,
        Standing::Seen(1145.0),
        "within the slack"
    );
    let late = judged(1160.0);
    let reason = late.failure().expect("it fails");
    assert!(
        reason.contains("30.0 s later than rule and routing allow"),
        "{reason}"
    );
}
