//! Loads that come and go: one that the service cannot take, and one that an alert should not mind.

use std::time::Duration;

use crate::drill::definition::{
    Act, Change, Decline, Drill, End, Goal, Mark, Onset, Proof, Reading, Simulation, Storm,
};
use crate::drill::name::Name;
use crate::schedule::Order;

pub(super) const OVERLOAD: Drill = Drill {
    name: Name::Overload,
    shows: "600 orders/s where 353 can be done: the queue fills, orders are refused, both alerts fire, the queue drains",
    minutes: 4.0,
    script: &[
        Act::Storm(Storm {
            rate: 600.0,
            order: Order::Plain,
            share: 0.0,
            length: Some(Duration::from_mins(1)),
            // 1,000 in the queue, 32 with the workers, the rest on its way: fewer connections could not fill it.
            connections: 1500,
            timeout: Duration::from_secs(15),
            finished_within: 0.0,
            hasten: None,
        }),
        Act::Await(Goal::Onset),
        Act::Calm,
        Act::Await(Goal::Over),
    ],
    proofs: &[
        Proof {
            alert: "OrderQueueNearlyFull",
            labels: &[],
            cause: Mark::Storm,
            onset: Onset::Fills(0.8),
            end: End::Fires {
                inhibitor: "OrdersRejected",
            },
            relief: Mark::Calm,
            decline: Decline::Within(10.0),
        },
        Proof {
            alert: "OrdersRejected",
            labels: &[],
            cause: Mark::Storm,
            onset: Onset::Fills(1.0),
            end: End::Delivered("slack"),
            relief: Mark::Calm,
            decline: Decline::Passing,
        },
        Proof {
            alert: "OrderQueueNearlyFull",
            labels: &[],
            cause: Mark::Storm,
            onset: Onset::Fills(0.8),
            end: End::Inhibited {
                by: "OrdersRejected",
            },
            relief: Mark::Calm,
            decline: Decline::Within(10.0),
        },
    ],
    readings: &[
        Reading {
            what: "queue fills, share of its capacity",
            query: "max(max_over_time(order_queue_depth[$since])) / max(order_queue_capacity)",
            change: Change::Reaches(0.95),
            cause: Mark::Storm,
            within: 30.0,
        },
        Reading {
            what: "queue drains, orders waiting",
            query: "sum(order_queue_depth)",
            change: Change::Returns(0.0),
            cause: Mark::Calm,
            within: 30.0,
        },
    ],
    companions: &["HighLatency"],
    starts_quiet: false,
};

pub(super) const BLIP: Drill = Drill {
    name: Name::Blip,
    shows: "10 of 20 orders fail, 200 healthy ones follow: pending and never firing, which is what `for` is for",
    minutes: 1.0,
    script: &[
        Act::Simulate(Simulation {
            count: 20,
            error_rate: 0.5,
            marks: Mark::Storm,
        }),
        Act::WaitHalfOfHold,
        Act::Simulate(Simulation {
            count: 200,
            error_rate: 0.0,
            marks: Mark::Calm,
        }),
        Act::Await(Goal::Over),
    ],
    proofs: &[Proof {
        alert: "HighErrorRate",
        labels: &[],
        cause: Mark::Storm,
        onset: Onset::Within(0.0),
        end: End::Clears,
        relief: Mark::Calm,
        decline: Decline::Within(0.0),
    }],
    readings: &[],
    companions: &[],
    starts_quiet: true,
};
