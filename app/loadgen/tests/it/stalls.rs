//! The engine against targets that freeze, are too slow, or get everything at once: lower bounds that hold on any machine.
//!
//! A busy machine makes responses longer, never shorter: each bound is what the formula gives for an ideal one.

use std::time::{Duration, Instant};

use loadgen::ledger::{Class, Totals};
use mock_target::{Behaviour, Freeze, Setup};

use crate::support::{Setting, flat, mock, plan, quick, run_in_process, start_of};

fn seconds(totals: &Totals, quantile: f64) -> f64 {
    totals
        .overall()
        .responses()
        .quantile(quantile)
        .expect("there were answers")
        .as_secs_f64()
}

fn in_half_a_second(length: Duration) -> Freeze {
    Freeze {
        from: Instant::now() + Duration::from_millis(500),
        length,
    }
}

/// 500/s for 2 s with a freeze of 0.3 s in the middle.
fn frozen_run(connections: usize) -> Totals {
    let mock = quick();
    let setting = Setting::new(flat(2000, 500.0), connections);
    run_in_process(&mock, setting, |_| {
        mock.freeze(in_half_a_second(Duration::from_millis(300)));
    })
}

#[test]
fn a_freeze_shows_in_the_response_times_with_many_connections_and_with_few() {
    for connections in [200, 5] {
        let totals = frozen_run(connections);
        assert_eq!(
            (totals.scheduled, totals.count(Class::Ok)),
            (1000, 1000),
            "{connections} connections"
        );
        // L(p) = S − (1 − p)·T with a digit less for the histogram's rounding.
        for quantile in [0.95, 0.99, 1.0] {
            let formula = 0.3 - (1.0 - quantile) * 2.0;
            let found = seconds(&totals, quantile);
            assert!(
                found >= formula * 0.98,
                "{connections}, p{quantile}: {found}"
            );
        }
    }
}

#[test]
fn a_freeze_with_five_connections_is_nearly_invisible_in_the_service_times() {
    let totals = frozen_run(5);
    let service = totals.overall().service;
    // Only the five that were in flight can have felt it: 0.5 % of all.
    assert!(service.quantile(0.95).expect("answers") < Duration::from_millis(250));
    let own_lag = totals.own_lag.quantile(0.95).expect("arrivals");
    assert!(
        own_lag < Duration::from_millis(250),
        "waiting for a connection is not the generator's own lag: {own_lag:?}"
    );
    assert!(
        totals.lag.quantile(0.95).expect("sent") > Duration::from_millis(150),
        "but it is lag"
    );
}

#[test]
fn overload_grows_with_every_arrival_and_a_burst_waits_for_those_before_it() {
    for (answers_per_second, plan, count, longest) in [
        (400.0, flat(2000, 500.0), 1000, 2.0 * (500.0 / 400.0 - 1.0)),
        (
            1000.0,
            plan(&[(Duration::from_micros(10), 5e7, 5e7)]),
            500,
            500.0 / 1000.0,
        ),
    ] {
        let mock = mock(Setup {
            answers_per_second: Some(answers_per_second),
            ..Setup::default()
        });
        let totals = run_in_process(&mock, Setting::new(plan, 600), |_| {});
        assert_eq!((totals.scheduled, totals.count(Class::Ok)), (count, count));
        for quantile in [0.5, 0.95, 0.99] {
            let found = seconds(&totals, quantile);
            assert!(
                found >= quantile * longest * 0.97,
                "{count}, p{quantile}: {found}"
            );
        }
    }
}

#[test]
fn a_freeze_that_never_ends_makes_every_later_arrival_a_timeout_of_exactly_that_length() {
    let timeout = Duration::from_millis(500);
    for connections in [400, 5] {
        let mock = quick();
        let mut start = None;
        let setting = Setting {
            timeout,
            ..Setting::new(flat(1500, 200.0), connections)
        };
        let totals = run_in_process(&mock, setting, |running| {
            start = Some(start_of(running));
            mock.freeze(in_half_a_second(Duration::from_hours(1)));
        });
        assert_eq!(totals.scheduled, 300);
        let overall = totals.overall();
        let [ok, timeouts, expired] =
            [Class::Ok, Class::Timeout, Class::Expired].map(|class| overall.count(class));
        assert_eq!(
            ok + timeouts + expired,
            300,
            "{connections} connections: nothing else can happen"
        );
        let begin = mock.log().freezes[0].0;
        let frozen_after = begin.duration_since(start.expect("it was noted"));
        // The first is due at once, and then one every 5 ms.
        assert!(
            ok as f64 <= 1.0 + frozen_after.as_secs_f64() * 200.0,
            "{connections}: {ok} answered, frozen after {frozen_after:?}"
        );
        for class in [Class::Timeout, Class::Expired] {
            let times = &overall.response[class as usize];
            for quantile in [0.0, 1.0] {
                let time = times.quantile(quantile).unwrap_or(timeout);
                assert!(
                    time.abs_diff(timeout) < Duration::from_millis(1),
                    "{class:?}: {time:?}"
                );
            }
        }
        assert!(
            totals.elapsed >= Duration::from_millis(1990),
            "the tail is waited for"
        );
    }
}

#[test]
fn what_waits_for_the_only_connection_until_its_timeout_expires() {
    let timeout = Duration::from_millis(200);
    let setting = Setting {
        timeout,
        ..Setting::new(plan(&[(Duration::from_micros(10), 1e7, 1e7)]), 1)
    };
    let totals = run_in_process(&mock(Behaviour::Silence), setting, |_| {});
    let counts = [Class::Timeout, Class::Expired].map(|class| totals.count(class));
    assert_eq!(
        counts,
        [1, 99],
        "all hundred were due at once, one had the connection"
    );
    assert_eq!(totals.expired_while_free, 0, "no connection was free");
}
