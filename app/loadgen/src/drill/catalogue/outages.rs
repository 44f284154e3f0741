//! Services that are stopped: what is observed, and what observes.

use super::storms::{FAILURES, HIGH_ERROR_RATE_ONSET};
use crate::drill::definition::{Act, Decline, Drill, End, Goal, Hand, Mark, Onset, Proof, Service};
use crate::drill::name::Name;

pub(super) const TARGET_DOWN: Drill = Drill {
    name: Name::TargetDown,
    shows: "order-service is stopped while HighErrorRate fires: OrderServiceDown joins its page, which is one incident and ends once",
    minutes: 9.0,
    script: &[
        Act::Storm(FAILURES),
        Act::Await(Goal::Told("HighErrorRate")),
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
            end: End::Delivered("pagerduty"),
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
    ],
    readings: &[],
    companions: &["OrderAvailabilityBudgetBurn", "TargetDown"],
    starts_quiet: false,
};

pub(super) const SILENT_PIPE: Drill = Drill {
    name: Name::SilentPipe,
    shows: "Prometheus is stopped: no alert can say so, the dead man's switch does",
    minutes: 2.0,
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
