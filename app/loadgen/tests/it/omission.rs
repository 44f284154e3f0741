//! Coordinated omission without a clock: targets in virtual time, recorded by the real books, against the formulas.
//!
//! Freeze of S in a run of T, service time b, ρ = rate / drain rate: L(p) = max(b, S − (1 − p)·T·(1 − ρ)), mean
//! b + S²/(2T(1 − ρ)). Overload: L(p) = p·T·(λ/μ − 1). Burst of B: L(p) = p·B/μ.

use std::time::Duration;

use loadgen::ledger::{Book, Class, Entry, Quantiles, Timing};
use loadgen::scenario::Load;
use loadgen::schedule::{Arrivals, Spacing};

use crate::support::plan;

/// A target in virtual time.
struct Virtual {
    /// When each connection is free again.
    free: Vec<Duration>,
    service: Duration,
    /// Begin and end.
    freeze: (Duration, Duration),
    /// Time between two answers of the one server behind all connections, and when it is free again.
    spacing: Duration,
    busy_until: Duration,
}

impl Virtual {
    fn new(connections: usize, service: Duration) -> Self {
        Self {
            free: vec![Duration::ZERO; connections],
            service,
            freeze: (Duration::ZERO, Duration::ZERO),
            spacing: Duration::ZERO,
            busy_until: Duration::ZERO,
        }
    }

    /// The times of an arrival, as an engine with that many connections would have them.
    fn timing(&mut self, intended: Duration) -> Timing {
        let free = self.free.iter_mut().min().expect("there is a connection");
        let sent = intended.max(*free);
        let start = sent.max(self.busy_until);
        let is_frozen = (self.freeze.0..self.freeze.1).contains(&start);
        let start = if is_frozen { self.freeze.1 } else { start };
        if !self.spacing.is_zero() {
            self.busy_until = start + self.spacing;
        }
        let done = start + self.spacing + self.service;
        *free = done;
        Timing {
            intended,
            sent,
            done,
        }
    }
}

/// Response and service times of all arrivals.
fn measure(segments: &[(Duration, f64, f64)], mut target: Virtual) -> (Quantiles, Quantiles) {
    let plan = plan(segments);
    let Load::Open(profile) = &plan.load else {
        panic!("an open loop")
    };
    let mut book = Book::new(1);
    for arrival in Arrivals::new(profile.clone(), &plan.stages, Spacing::Even, 1) {
        let timing = target.timing(arrival.intended);
        book.record(&Entry {
            stage: 0,
            class: Class::Ok,
            timing,
            own_lag: Duration::ZERO,
            ran_out: false,
        });
    }
    let all = book.into_totals().overall();
    (
        all.responses().quantiles().expect("samples"),
        all.service.quantiles().expect("samples"),
    )
}

/// Within 2 % or 1 ms: histogram digits and the width of one arrival.
fn assert_close(what: &str, actual: f64, formula: f64) {
    let tolerance = (formula * 0.02).max(0.001);
    assert!(
        (actual - formula).abs() <= tolerance,
        "{what}: {actual} instead of {formula}"
    );
}

fn freeze(connections: usize) -> (Quantiles, Quantiles) {
    let mut target = Virtual::new(connections, Duration::from_millis(1));
    target.freeze = (Duration::from_secs(5), Duration::from_secs(6));
    measure(&[(Duration::from_secs(10), 1000.0, 1000.0)], target)
}

#[test]
fn a_freeze_is_felt_by_everybody_who_arrived_meanwhile() {
    let (response, _) = freeze(1200);
    assert_close("p50", response.p50_seconds, 0.001);
    assert_close("p95", response.p95_seconds, 0.5);
    assert_close("p99", response.p99_seconds, 0.9);
    assert_close("p99.9", response.p99_9_seconds, 0.99);
    assert_close("max", response.max_seconds, 1.0);
    assert_close("mean", response.mean_seconds, 0.051);
}

#[test]
fn ten_connections_hide_nothing_of_it_although_only_ten_requests_were_sent() {
    let (response, service) = freeze(10);
    assert_close("p95", response.p95_seconds, 0.55);
    assert_close("p99", response.p99_seconds, 0.91);
    assert_close("p99.9", response.p99_9_seconds, 0.991);
    assert_close("mean", response.mean_seconds, 0.0566);
    assert!(
        service.p99_seconds < 0.005,
        "this is what a closed-loop tool would print: {service:?}"
    );
}

#[test]
fn overload_grows_with_every_arrival_and_a_burst_waits_for_those_before_it() {
    for (what, segment, spacing, longest) in [
        (
            "overload",
            (Duration::from_secs(10), 1000.0, 1000.0),
            Duration::from_micros(1250),
            10.0 * (1000.0 / 800.0 - 1.0),
        ),
        (
            "burst",
            (Duration::from_micros(1), 500e6, 500e6),
            Duration::from_millis(1),
            500.0 / 1000.0,
        ),
    ] {
        let mut target = Virtual::new(5000, Duration::ZERO);
        target.spacing = spacing;
        let (response, _) = measure(&[segment], target);
        assert_close(what, response.p50_seconds, 0.5 * longest);
        assert_close(what, response.p95_seconds, 0.95 * longest);
        assert_close(what, response.p99_seconds, 0.99 * longest);
    }
}
