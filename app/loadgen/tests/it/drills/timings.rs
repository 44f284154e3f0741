//! The stack's own timings, for what is computed and not run.

use loadgen::drill::definition::Proof;
use loadgen::drill::known::{Background, Known, Traffic};
use loadgen::drill::matchers::Labels;
use loadgen::drill::routing::Way;

/// The stack's own timings, for a proof of a drill.
pub(super) fn background(proof: &'static Proof, hold: f64, traffic: &[(f64, f64)]) -> Background {
    let mut labels: Labels = proof
        .labels
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()))
        .collect();
    labels.insert("alertname".into(), proof.alert.into());
    labels.insert("job".into(), "order-service".into());
    Background {
        proof,
        hold,
        keep: 0.0,
        interval: 5.0,
        query: String::new(),
        labels,
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
            group_by: vec!["job".into()],
        },
        group_lingers: false,
        group_shared: false,
        alarm_after: 60.0,
        resend: 10.0,
    }
}

pub(super) fn known(rate: f64, backgrounds: Vec<Background>) -> Known {
    Known {
        scrape: 5.0,
        rate,
        tail: 1800.0,
        queue_capacity: 1000.0,
        backgrounds,
    }
}
