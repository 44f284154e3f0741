//! The judgement of scenes that no storm of a test could make.

use loadgen::drill::Name;
use loadgen::drill::definition::{Change, Drill, Mark};
use loadgen::drill::evidence::Evidence;
use loadgen::drill::incident::Incident;
use loadgen::drill::judge::{Row, Scene, Standing, Step, Watched, rows};
use loadgen::drill::known::{Marks, Window};
use loadgen::drill::look::{HeldBack, Look, Sighting};
use loadgen::drill::matchers::Labels;
use loadgen::drill::sources::alertmanager::{HeldAlert, Receiver, Requests};
use loadgen::drill::sources::pager::{ListedAlert, Notification};
use loadgen::drill::sources::prometheus::{AlertSeries, Rule};

use super::timings::{background, known};

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
        &background(&drill.proofs[0], 120.0, &[]),
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

/// The row that says that the first alert of a drill is in Alertmanager, held back like this.
fn raised(name: Name, held_back: Option<HeldBack>) -> Row {
    let drill: &'static Drill = name.drill();
    let of = |proof| background(proof, 15.0, &[]);
    let known = known(600.0, drill.proofs.iter().map(of).collect());
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
        evidence: &[evidence],
        now: Some(1021.0),
        slack: 15.0,
        ..Scene::foreseen(drill, &known, &marks)
    });
    let mine = found
        .into_iter()
        .find(|row| row.subject == drill.proofs[0].alert && row.step == Step::InAlertmanager);
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
    for (name, explains) in [(Name::Overload, "OrdersRejected")] {
        for held_back in [None, by(&[], &[explains])] {
            assert_eq!(raised(name, held_back).standing, Standing::Seen(1020.5));
        }
        for held_back in [
            by(&[], &["HighLatency"]),
            by(&["5f1"], &[]),
            by(&["5f1"], &[explains]),
        ] {
            let row = raised(name, held_back);
            let reason = row.failure().expect("it fails");
            assert!(reason.contains("suppressed"), "{name:?}: {reason}");
        }
    }
}

#[test]
fn a_figure_has_moved_when_it_is_where_its_change_wants_it() {
    for (change, before, value, has_moved) in [
        (Change::Rises(0.5), Some(1.0), 1.5, true),
        (Change::Rises(0.5), Some(1.0), 1.4, false),
        (Change::Rises(0.5), Some(1.0), 0.5, false),
        (Change::Rises(0.5), None, 0.5, true),
        (Change::Reaches(0.95), None, 0.95, true),
        (Change::Reaches(0.95), None, 0.94, false),
        (Change::Returns(0.0), None, 0.0, true),
        (Change::Returns(0.0), None, 1.0, false),
    ] {
        let mut watched = Watched {
            before,
            ..Watched::default()
        };
        watched.look(change, Some(value), 7.0);
        let moved_at = has_moved.then_some(7.0);
        assert_eq!(watched.moved_at, moved_at, "{change:?} {before:?} {value}");
        // What follows changes nothing, and no answer is no look.
        watched.look(change, None, 8.0);
        assert_eq!(watched.last, Some(value));
        watched.look(change, Some(value), 9.0);
        assert_eq!(watched.moved_at, moved_at);
    }
}

#[test]
fn a_figure_that_does_not_move_fails_the_drill_and_is_named_with_its_values() {
    let drill = Name::SloBurn.drill();
    let known = known(
        50.0,
        vec![background(
            &drill.proofs[0],
            0.0,
            &[(3600.0, 0.0), (300.0, 0.0)],
        )],
    );
    let mut marks = Marks::default();
    marks.set(Mark::Storm, Window::at(900.0));
    marks.set(Mark::Calm, Window::at(1000.0));
    let judged = |now: f64| {
        let still = Watched {
            before: Some(1.0),
            last: Some(100.0),
            moved_at: None,
        };
        let found = rows(&Scene {
            readings: &[still],
            now: Some(now),
            slack: 15.0,
            ..Scene::foreseen(drill, &known, &marks)
        });
        let mine = found
            .into_iter()
            .find(|row| row.subject == drill.readings[0].what);
        mine.expect("it is judged")
    };
    assert_eq!(judged(1435.0).standing, Standing::Waiting);
    let late = judged(1435.1);
    let reason = late.failure().expect("it fails");
    assert!(
        reason.contains("bad orders of 30 days") && reason.contains("1.000 -> 100.000"),
        "{reason}"
    );
}

#[test]
fn a_step_that_comes_too_late_fails_and_says_by_how_much() {
    let drill = Name::HighErrorRate.drill();
    let known = known(
        20.0,
        vec![background(&drill.proofs[0], 120.0, &[(300.0, 0.0)])],
    );
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

#[test]
fn the_end_of_an_alert_whose_group_goes_on_is_a_message_of_the_group() {
    let drill = Name::SloBurn.drill();
    let own = |window: &str| {
        Labels::from(
            [
                ("alertname", "OrderAvailabilityBudgetBurn"),
                ("job", "order-service"),
                ("severity", "critical"),
                ("long_window", window),
            ]
            .map(|(name, value)| (name.to_string(), value.to_string())),
        )
    };
    let mut marks = Marks::default();
    marks.set(Mark::Storm, Window::at(100.0));
    let series = |at: &[f64]| {
        let mut labels = own("1h");
        labels.insert("alertstate".into(), "firing".into());
        vec![AlertSeries {
            labels,
            times: at.to_vec(),
        }]
    };
    // Messages of a group carry the labels that all of its alerts have in common.
    let message = |received_at: f64| Notification {
        received_at,
        receiver: "pagerduty".into(),
        alertname: "OrderAvailabilityBudgetBurn".into(),
        is_firing: true,
        ..Notification::default()
    };
    let rule = Rule {
        labels: own("1h"),
        ..Rule::default()
    };
    let look = Look {
        at: 300.0,
        series: Some(series(&[180.0, 185.0])),
        rules: [("OrderAvailabilityBudgetBurn", vec![rule])].into(),
        held: Some(vec![HeldAlert {
            labels: own("6h"),
            receivers: vec![Receiver {
                name: "pagerduty".into(),
            }],
            ..HeldAlert::default()
        }]),
        // One that is older than the alert, one of its beginning, one of its end.
        notifications: Some(vec![message(150.0), message(195.0), message(225.0)]),
        ..Look::default()
    };
    let mut evidence = Evidence::default();
    evidence.learn(
        &background(&drill.proofs[0], 0.0, &[]),
        &marks,
        &[].into(),
        &look,
    );
    assert_eq!(evidence.notified_at, Some(195.0));
    assert_eq!(evidence.over_at, Some(190.0));
    assert_eq!(evidence.end_notified_at, Some(225.0), "{evidence:?}");
    assert!(evidence.fellow.is_some_and(|fellow| fellow.contains("6h")));
}

fn labels(pairs: &[(&str, &str)]) -> Labels {
    let pairs = pairs.iter();
    pairs
        .map(|(name, value)| (name.to_string(), value.to_string()))
        .collect()
}

/// A message of `PagerDuty` at that moment, with these alerts, each with whether it fires.
fn message(received_at: f64, key: &str, alerts: &[(&str, bool)]) -> Notification {
    Notification {
        received_at,
        receiver: "pagerduty".into(),
        alertname: alerts
            .iter()
            .map(|(name, _)| *name)
            .collect::<Vec<_>>()
            .join(", "),
        is_firing: alerts.iter().any(|(_, is_firing)| *is_firing),
        alerts: alerts
            .iter()
            .map(|(name, is_firing)| ListedAlert {
                labels: labels(&[("alertname", name), ("job", "order-service")]),
                is_firing: *is_firing,
            })
            .collect(),
        dedup_key: Some(key.into()),
        ..Notification::default()
    }
}

const RATE: &str = "HighErrorRate";
const BURN: &str = "OrderAvailabilityBudgetBurn";
const DOWN: &str = "OrderServiceDown";

#[test]
fn an_alert_of_a_mixed_group_is_delivered_and_over_where_it_is_listed_so() {
    let told = |messages: Vec<Notification>| {
        let drill = Name::HighErrorRate.drill();
        let mut marks = Marks::default();
        marks.set(Mark::Storm, Window::at(100.0));
        let look = Look {
            at: 400.0,
            series: Some(vec![samples("firing", &[200.0, 205.0])]),
            rules: [(RATE, vec![Rule::default()])].into(),
            notifications: Some(messages),
            ..Look::default()
        };
        let mut evidence = Evidence::default();
        let background = background(&drill.proofs[0], 120.0, &[]);
        evidence.learn(&background, &marks, &[].into(), &look);
        (evidence.notified_at, evidence.end_notified_at)
    };
    let opened = message(201.0, "a", &[(BURN, true)]);
    let joined = message(210.0, "a", &[(BURN, true), (RATE, true)]);
    let over = message(240.0, "a", &[(BURN, true), (RATE, false)]);
    let gone = message(240.0, "a", &[(BURN, true)]);
    let of_another_group = message(235.0, "b", &[(BURN, true)]);
    let all = |last: &Notification| {
        vec![
            opened.clone(),
            joined.clone(),
            of_another_group.clone(),
            last.clone(),
        ]
    };
    assert_eq!(told(vec![opened.clone()]), (None, None));
    assert_eq!(told(all(&over)), (Some(210.0), Some(240.0)));
    assert_eq!(
        told(all(&gone)),
        (Some(210.0), Some(240.0)),
        "no longer among them"
    );
    let cut = Notification { more: 490, ..gone };
    assert_eq!(
        told(all(&cut)),
        (Some(210.0), None),
        "it may be among those that are not listed"
    );
}

#[test]
fn a_page_is_one_incident_with_one_key_and_one_end() {
    let of = |records: &[Notification]| Incident::of(Name::TargetDown.drill(), records);
    let whole = [
        // Before the drill's own page: an incident that was there.
        message(1.0, "old", &[(BURN, true)]),
        message(2.0, "old", &[(BURN, false)]),
        message(10.0, "a", &[(RATE, true)]),
        message(40.0, "a", &[(RATE, true), (DOWN, true)]),
        message(70.0, "a", &[(RATE, true), (DOWN, false), (BURN, true)]),
        // Not of this drill.
        message(80.0, "other", &[("ConfigReloadFailed", true)]),
        message(100.0, "a", &[(RATE, false), (BURN, true)]),
    ];
    let open = of(&whole);
    assert_eq!(open.key.as_deref(), Some("a"));
    assert_eq!((open.ended_at, open.fault), (None, None));
    let with = |more: &[Notification]| of(&[&whole[..], more].concat());
    let end = message(130.0, "a", &[(BURN, false)]);
    let over = with(std::slice::from_ref(&end));
    assert_eq!((over.ended_at, over.fault), (Some(130.0), None));
    for (more, wanted) in [
        (
            vec![message(120.0, "b", &[(DOWN, true)])],
            "a second one was opened for OrderServiceDown: b, after a",
        ),
        (
            vec![end.clone(), message(140.0, "a", &[(BURN, true)])],
            "paged again 10 s after its end",
        ),
        (vec![end.clone(), end], "its end was told twice"),
    ] {
        let fault = with(&more).fault.expect("it is not one");
        assert!(fault.contains(wanted), "{fault}");
    }
}

#[test]
fn a_warning_that_is_not_held_back_by_what_explains_it_fails_the_drill() {
    let drill = Name::Overload.drill();
    let of = |proof| background(proof, 15.0, &[]);
    let known = known(600.0, drill.proofs.iter().map(of).collect());
    let mut marks = Marks::default();
    marks.set(Mark::Storm, Window::at(1000.0));
    let judged = |held_back: Option<HeldBack>| {
        let there = Evidence {
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
            evidence: &[Evidence::default(), there.clone(), there],
            now: Some(1100.0),
            slack: 3.0,
            ..Scene::foreseen(drill, &known, &marks)
        });
        let mine = found.into_iter().find(|row| row.step == Step::Inhibited);
        mine.expect("it is judged")
    };
    let by = |name: &str| {
        Some(HeldBack {
            at: 1021.0,
            silences: Vec::new(),
            inhibitors: vec![name.into()],
        })
    };
    assert_eq!(
        judged(by("OrdersRejected")).standing,
        Standing::Seen(1021.0)
    );
    let row = judged(None);
    let reason = row.failure().expect("it fails");
    assert!(
        reason.contains("OrderQueueNearlyFull is not held back while OrdersRejected fires")
            && reason.contains("inhibit_rules"),
        "{reason}"
    );
}
