//! The drills, written down.
//!
//! Loads and thresholds fit order-service's defaults (32 workers, mean 91 ms, so 353 orders/s). What the fields mean:
//! [`definition`](super::definition).

use std::time::Duration;

use clap::ValueEnum;

use super::definition::{
    Act, Change, Decline, Drill, End, Goal, Guard, Hand, Mark, Onset, Outrun, Proof, Reading,
    Service, Share, Simulation, Span, Storm,
};
use crate::schedule::Order;

/// A drill's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Name {
    /// Half of the orders fail.
    #[value(
        help = "Half of the orders fail: HighErrorRate pages. Example: loadgen drill high-error-rate --until delivered"
    )]
    HighErrorRate,
    /// Every fifth order is slow.
    #[value(
        help = "Every fifth order takes 3 s longer: HighLatency reaches Slack. Example: loadgen drill high-latency"
    )]
    HighLatency,
    /// More orders than the service can do.
    #[value(
        help = "More orders than can be done: the queue fills, orders are refused, the queue drains. Example: loadgen drill overload --json"
    )]
    Overload,
    /// The error budget burns.
    #[value(
        help = "The error budget burns 14.4 times too fast and pages; the budget falls. Example: loadgen drill slo-burn --dry-run"
    )]
    SloBurn,
    /// A burst that `for` is there for.
    #[value(
        help = "A burst of failures on a quiet stack, then healthy orders: pending, never firing. Example: loadgen drill blip --seed 7"
    )]
    Blip,
    /// The service is stopped.
    #[value(
        help = "order-service is stopped: OrderServiceDown pages and inhibits what follows from it; needs scripts/drill. Example: loadgen drill target-down --operator"
    )]
    TargetDown,
    /// The observer is stopped.
    #[value(
        help = "Prometheus is stopped: the dead man's switch notices; needs scripts/drill. Example: loadgen drill silent-pipe --operator"
    )]
    SilentPipe,
}

impl Name {
    /// The word on the command line.
    pub const fn word(self) -> &'static str {
        match self {
            Self::HighErrorRate => "high-error-rate",
            Self::HighLatency => "high-latency",
            Self::Overload => "overload",
            Self::SloBurn => "slo-burn",
            Self::Blip => "blip",
            Self::TargetDown => "target-down",
            Self::SilentPipe => "silent-pipe",
        }
    }

    /// The drill.
    pub fn drill(self) -> &'static Drill {
        match self {
            Self::HighErrorRate => &HIGH_ERROR_RATE,
            Self::HighLatency => &HIGH_LATENCY,
            Self::Overload => &OVERLOAD,
            Self::SloBurn => &SLO_BURN,
            Self::Blip => &BLIP,
            Self::TargetDown => &TARGET_DOWN,
            Self::SilentPipe => &SILENT_PIPE,
        }
    }
}

/// All drills in the order in which they disturb each other least. Whatever was sent stays in the rules' windows for five
/// minutes and in the SLO's for an hour, so those that need silence come first and those that leave most behind last.
pub const SERIES: [Name; 7] = [
    // Needs five minutes without an order, and leaves 220.
    Name::Blip,
    // Leaves some 2,000 orders, few of them slow, none failed.
    Name::HighLatency,
    // Needs an hour with few orders, and leaves an hour's worth of failures: nobody after it minds, burn rates may join.
    Name::SloBurn,
    Name::HighErrorRate,
    Name::TargetDown,
    // Leaves 20,000 slow orders in the window, which nothing but time takes out.
    Name::Overload,
    // Minds nothing, and leaves a gap in every series.
    Name::SilentPipe,
];

/// The storm of `error-storm`: 20/s, every other order fails.
const FAILURES: Storm = Storm {
    rate: 20.0,
    order: Order::Failing,
    share: 0.5,
    length: None,
    connections: 100,
    timeout: Duration::from_secs(10),
    finished_within: 1.0,
    outrun: None,
};

const HIGH_ERROR_RATE_ONSET: Onset = Onset::Share(&[Share {
    window: Span::Query,
    above: 0.2,
    at_least: Guard::Orders(10.0),
}]);

const HIGH_ERROR_RATE: Drill = Drill {
    name: Name::HighErrorRate,
    shows: "every other order fails: HighErrorRate fires and pages, and the page is resolved",
    minutes: 4.5,
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
    companions: &[],
    starts_quiet: false,
};

const HIGH_LATENCY: Drill = Drill {
    name: Name::HighLatency,
    shows: "every fifth order takes 3 s longer: HighLatency fires and reaches Slack, and its end does",
    minutes: 3.0,
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
            outrun: None,
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

const OVERLOAD: Drill = Drill {
    name: Name::Overload,
    shows: "600 orders/s where 353 can be done: the queue fills, orders are refused, both alerts fire, the queue drains",
    minutes: 3.0,
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
            outrun: None,
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
                inhibitor: Some("OrdersRejected"),
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

const SLO_BURN: Drill = Drill {
    name: Name::SloBurn,
    shows: "a storm of 50/s at 50 %: the budget burns 14.4 times too fast and pages, and visibly falls",
    minutes: 6.0,
    script: &[
        Act::Storm(Storm {
            rate: 50.0,
            connections: 300,
            outrun: Some(Outrun {
                rival: "HighErrorRate",
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
                at_least: Guard::PerSecond(1.0),
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
        what: "error budget falls, share that is left",
        query: "min(job_slo:order_error_budget_remaining:ratio{slo=\"availability\"})",
        change: Change::Falls,
        cause: Mark::Storm,
        within: 180.0,
    }],
    companions: &["HighErrorRate"],
    starts_quiet: false,
};

const BLIP: Drill = Drill {
    name: Name::Blip,
    shows: "10 of 20 orders fail, 200 healthy ones follow: pending and never firing, which is what `for` is for",
    minutes: 1.5,
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

const TARGET_DOWN: Drill = Drill {
    name: Name::TargetDown,
    shows: "order-service is stopped while HighErrorRate fires: OrderServiceDown pages, the other falls quiet, all resolve",
    minutes: 5.5,
    script: &[
        Act::Storm(FAILURES),
        Act::Await(Goal::Raised("HighErrorRate")),
        Act::Calm,
        Act::Ask(Hand::Stop, Service::OrderService),
        Act::Await(Goal::Onset),
        Act::Ask(Hand::Start, Service::OrderService),
        Act::Recover,
        Act::Await(Goal::Over),
    ],
    proofs: &[
        Proof {
            alert: "HighErrorRate",
            labels: &[],
            cause: Mark::Storm,
            onset: HIGH_ERROR_RATE_ONSET,
            end: End::Fires { inhibitor: None },
            relief: Mark::Started,
            decline: Decline::Dilution,
        },
        Proof {
            alert: "OrderServiceDown",
            labels: &[],
            cause: Mark::Stopped,
            // The next refresh of the service's name.
            onset: Onset::Within(5.0),
            end: End::Delivered("pagerduty"),
            relief: Mark::Started,
            decline: Decline::Within(10.0),
        },
        Proof {
            alert: "HighErrorRate",
            labels: &[],
            cause: Mark::Stopped,
            onset: Onset::Within(0.0),
            end: End::Inhibited {
                by: "OrderServiceDown",
            },
            relief: Mark::Started,
            decline: Decline::Dilution,
        },
    ],
    readings: &[],
    companions: &["TargetDown"],
    starts_quiet: false,
};

const SILENT_PIPE: Drill = Drill {
    name: Name::SilentPipe,
    shows: "Prometheus is stopped: no alert can say so, the dead man's switch does",
    minutes: 3.5,
    script: &[
        Act::Ask(Hand::Stop, Service::Prometheus),
        Act::Await(Goal::Onset),
        Act::Ask(Hand::Start, Service::Prometheus),
        Act::Await(Goal::Over),
    ],
    proofs: &[Proof {
        alert: "Watchdog",
        labels: &[],
        cause: Mark::Stopped,
        onset: Onset::Within(0.0),
        end: End::FallsSilent,
        relief: Mark::Started,
        decline: Decline::Within(0.0),
    }],
    readings: &[],
    companions: &[],
    starts_quiet: false,
};
