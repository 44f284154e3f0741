//! Loads of which a share misbehaves until its alert has arrived.

use std::time::Duration;

use crate::drill::definition::{
    Act, Change, Decline, Drill, End, Goal, Guard, Hasten, Mark, Onset, Proof, Reading, Share,
    Span, Storm,
};
use crate::drill::name::Name;
use crate::schedule::Order;

/// The storm of `error-storm`: 20/s, every other order fails.
pub(super) const FAILURES: Storm = Storm {
    rate: 20.0,
    order: Order::Failing,
    share: 0.5,
    length: None,
    connections: 100,
    timeout: Duration::from_secs(10),
    finished_within: 1.0,
    hasten: None,
};

/// More than one order in five fails, of at least ten.
pub(super) const HIGH_ERROR_RATE_ONSET: Onset = Onset::Share(&[Share {
    window: Span::Query,
    above: 0.2,
    at_least: Guard::Orders(10.0),
}]);

pub(super) const HIGH_ERROR_RATE: Drill = Drill {
    name: Name::HighErrorRate,
    shows: "every other order fails: HighErrorRate fires and pages, the burn that it leads to joins, and the page ends once",
    minutes: 7.0,
    script: &[
        Act::Storm(FAILURES),
        Act::Await(Goal::Onset),
        Act::Calm,
        Act::Recover,
        Act::Await(Goal::Over),
    ],
    proofs: &[Proof {
        alert: "HighErrorRate",
        labels: &[],
        cause: Mark::Storm,
        onset: HIGH_ERROR_RATE_ONSET,
        end: End::Delivered("pagerduty"),
        relief: Mark::Calm,
        decline: Decline::Dilution,
    }],
    readings: &[],
    companions: &["OrderAvailabilityBudgetBurn"],
    starts_quiet: false,
};

pub(super) const HIGH_LATENCY: Drill = Drill {
    name: Name::HighLatency,
    shows: "every fifth order takes 3 s longer: HighLatency fires and reaches Slack, and its end does",
    minutes: 2.0,
    script: &[
        Act::Storm(Storm {
            // 5/s at a mean of 0.69 s keep 3.5 of 32 workers busy: slow, and far from an overload.
            rate: 5.0,
            order: Order::Slow,
            share: 0.2,
            length: None,
            connections: 100,
            timeout: Duration::from_secs(10),
            finished_within: 4.5,
            hasten: None,
        }),
        Act::Await(Goal::Onset),
        Act::Calm,
        Act::Recover,
        Act::Await(Goal::Over),
    ],
    proofs: &[Proof {
        alert: "HighLatency",
        labels: &[],
        cause: Mark::Storm,
        onset: Onset::Share(&[Share {
            window: Span::Query,
            above: 0.05,
            at_least: Guard::Orders(10.0),
        }]),
        end: End::Delivered("slack"),
        relief: Mark::Calm,
        decline: Decline::Dilution,
    }],
    readings: &[],
    companions: &[],
    starts_quiet: false,
};

pub(super) const SLO_BURN: Drill = Drill {
    name: Name::SloBurn,
    shows: "every other order fails: the budget burns 14.4 times too fast and pages, and pays for it",
    minutes: 8.0,
    script: &[
        Act::Storm(Storm {
            connections: 300,
            hasten: Some(Hasten {
                within: 120.0,
                most: 250.0,
            }),
            ..FAILURES
        }),
        Act::Await(Goal::Onset),
        Act::Calm,
        Act::Recover,
        Act::Await(Goal::Over),
    ],
    proofs: &[Proof {
        alert: "OrderAvailabilityBudgetBurn",
        labels: &[("long_window", "1h"), ("severity", "critical")],
        cause: Mark::Storm,
        // 14.4 times the 1 % that the objective of 99 % leaves, over both windows.
        onset: Onset::Share(&[
            Share {
                window: Span::Label("long_window"),
                above: 0.144,
                at_least: Guard::Bad(100.0),
            },
            Share {
                window: Span::Label("short_window"),
                above: 0.144,
                at_least: Guard::None,
            },
        ]),
        end: End::Delivered("pagerduty"),
        relief: Mark::Calm,
        decline: Decline::Dilution,
    }],
    readings: &[Reading {
        what: "bad orders of 30 days, which the budget pays for",
        query: "sum(job_slo:order_errors:sum30d{slo=\"availability\"})",
        // What the guard of the rule asks for.
        change: Change::Rises(100.0),
        cause: Mark::Calm,
        // It is made of steps of 5 minutes, once a minute.
        within: 420.0,
    }],
    companions: &["HighErrorRate"],
    starts_quiet: false,
};
