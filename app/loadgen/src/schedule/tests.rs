//! When arrivals are due: formulas, and properties of any profile.

use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;
use proptest::prelude::*;

use super::{Arrival, ArrivalProcess, Arrivals, Fault, Order, Profile, Segment, Stage};
use crate::scenario::{Load, Plan, Scenario};

fn stage(fault: Option<Fault>) -> Vec<Stage> {
    vec![Stage {
        name: "test".into(),
        fault,
    }]
}

fn arrivals(
    profile: &Arc<Profile>,
    stages: &[Stage],
    process: ArrivalProcess,
    seed: u64,
) -> Vec<Arrival> {
    Arrivals::new(Arc::clone(profile), stages, process, seed).collect()
}

fn single(seconds: u64, from: f64, to: f64) -> Arc<Profile> {
    Arc::new(Profile::new([Segment {
        stage: 0,
        duration: Duration::from_secs(seconds),
        from,
        to,
    }]))
}

#[test]
fn a_constant_rate_sends_the_kth_at_k_over_the_rate() {
    let all = arrivals(
        &single(10, 1000.0, 1000.0),
        &stage(None),
        ArrivalProcess::Even,
        1,
    );
    assert_eq!(all.len(), 10_000);
    for (k, arrival) in (0_u64..).zip(&all) {
        assert_eq!(arrival.intended, Duration::from_millis(k), "arrival {k}");
    }
}

#[test]
fn a_ramp_has_fifty_in_its_first_second_and_downwards_is_itself_backwards() {
    let all = arrivals(
        &single(10, 0.0, 1000.0),
        &stage(None),
        ArrivalProcess::Even,
        1,
    );
    let first = all.iter().filter(|it| it.intended < Duration::from_secs(1));
    assert_eq!((all.len(), first.count()), (5000, 50));
    let down = single(10, 1000.0, 0.0);
    let (half, _) = down.instant_of(2500.0).expect("it lies within");
    let formula = 10.0 * (1.0 - 0.5_f64.sqrt());
    assert!((half.as_secs_f64() - formula).abs() < 1e-6, "{half:?}");
}

#[test]
fn every_scenario_ends_within_two_minutes_and_asks_for_what_its_defaults_say() {
    for &scenario in Scenario::value_variants() {
        let shape = scenario.defaults().0;
        let plan = Plan::new(scenario, shape);
        assert!(plan.duration() <= Duration::from_mins(2), "{scenario:?}");
        assert!(
            plan.duration().abs_diff(shape.duration) < Duration::from_millis(1),
            "{scenario:?}"
        );
        let Load::Open(profile) = plan.load else {
            continue;
        };
        let highest = (0..1200)
            .map(|tenth| profile.asked_at(Duration::from_millis(tenth * 100)).0)
            .fold(0.0, f64::max);
        assert!(
            (highest - shape.rate).abs() <= shape.rate * 0.01,
            "{scenario:?} reaches {highest}"
        );
    }
}

#[test]
fn bursts_fill_the_queue_to_a_few_hundred_and_keep_the_wait_under_two_seconds() {
    // 32 workers at a mean of 91 ms.
    let served = 353.0;
    let shape = Scenario::Bursts.defaults().0;
    let Load::Open(profile) = Plan::new(Scenario::Bursts, shape).load else {
        panic!("bursts are an open loop")
    };
    let (mut depth, mut peak) = (0.0_f64, 0.0_f64);
    for tenth in 0..1000 {
        depth = (depth + (profile.asked_at(Duration::from_millis(tenth * 100)).0 - served) / 10.0)
            .max(0.0);
        peak = peak.max(depth);
    }
    assert!((300.0..700.0).contains(&peak), "peak depth {peak}");
    assert!(peak / served < 2.0, "longest wait {} s", peak / served);
    assert!(depth < 1.0, "the queue is empty at the end");
}

#[test]
fn a_poisson_process_has_the_mean_and_spread_of_one() {
    let profile = single(100, 100.0, 100.0);
    let walk = |seed| arrivals(&profile, &stage(None), ArrivalProcess::Poisson, seed);
    let all = walk(7);
    // Five standard deviations of a count of 10,000.
    assert!(all.len().abs_diff(10_000) < 500, "{}", all.len());
    let gap = |pair: &[Arrival]| pair[1].intended.abs_diff(pair[0].intended).as_secs_f64();
    let gaps: Vec<f64> = all.windows(2).map(gap).collect();
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let squares: Vec<f64> = gaps.iter().map(|gap| (gap - mean(&gaps)).powi(2)).collect();
    let variation = mean(&squares).sqrt() / mean(&gaps);
    assert!(
        (variation - 1.0).abs() < 0.05,
        "exponential gaps spread as much as their mean: {variation}"
    );
    assert_eq!(all, walk(7), "same seed, same arrivals");
    assert_ne!(all, walk(8), "another seed, others");
}

/// Any profile of up to six pieces, zero rates and ramps to zero included.
fn any_profile() -> impl Strategy<Value = Vec<Segment>> {
    let rate = prop_oneof![Just(0.0), 0.1..2000.0];
    let piece = (1_u64..3000, rate.clone(), rate).prop_map(|(millis, from, to)| Segment {
        stage: 0,
        duration: Duration::from_millis(millis),
        from,
        to,
    });
    prop::collection::vec(piece, 1..6)
}

/// Arrivals that are due by then: the area below the rate.
fn area(segments: &[Segment], until: Duration) -> f64 {
    let mut left = until;
    let areas = segments.iter().map(|segment| {
        let within = left.min(segment.duration);
        left -= within;
        let part = within.as_secs_f64() / segment.duration.as_secs_f64();
        let reached = segment.from + (segment.to - segment.from) * part;
        f64::midpoint(segment.from, reached) * within.as_secs_f64()
    });
    areas.sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn arrivals_are_as_many_as_expected_in_order_and_within_the_run(segments in any_profile()) {
        let area = area(&segments, Duration::MAX);
        let profile = Arc::new(Profile::new(segments));
        let all = arrivals(&profile, &stage(None), ArrivalProcess::Even, 1);
        let count = all.len() as f64;
        prop_assert!((count - area).abs() <= 1.0, "{count} arrivals for an area of {area}");
        prop_assert_eq!(all.len() as u64, profile.count());
        prop_assert!(all.windows(2).all(|pair| pair[0].intended <= pair[1].intended));
        prop_assert!(all.iter().all(|arrival| arrival.intended <= profile.duration()));
    }

    #[test]
    fn the_inverse_undoes_the_integral(segments in any_profile(), share in 0.0..1.0_f64) {
        let profile = Profile::new(segments.clone());
        let wanted = share * profile.expected();
        if let Some((instant, _)) = profile.instant_of(wanted) {
            // A nanosecond at the highest rate, and rounding.
            prop_assert!((area(&segments, instant) - wanted).abs() < 1e-4);
        }
    }

    #[test]
    fn faults_are_an_exact_share_shuffled_by_the_seed(rate in 1.0..500.0_f64, share in 0.0..=1.0_f64, seed: u64) {
        let stages = stage(Some(Fault { order: Order::Failing, share }));
        for process in [ArrivalProcess::Even, ArrivalProcess::Poisson] {
            let all = arrivals(&single(5, rate, rate), &stages, process, seed);
            let failing = all.iter().filter(|arrival| arrival.order == Order::Failing).count();
            let wanted = (all.len() as f64 * share).round();
            prop_assert!((failing as f64 - wanted).abs() < 0.5);
        }
    }
}
