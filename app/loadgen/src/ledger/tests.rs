//! Three times, one class each, sums that agree.

use std::time::Duration;

use super::{Class, Distribution, Record, Saturation, Timing, Totals};

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Within the three digits of the histogram.
fn assert_reads(read: Option<Duration>, recorded: Duration) {
    let read = read.expect("there are samples");
    assert!(
        read.abs_diff(recorded) <= recorded / 1000,
        "{recorded:?} reads {read:?}"
    );
}

fn record(class: Class, intended: u64, sent: u64, done: u64) -> Record {
    let [intended, sent, done] = [intended, sent, done].map(ms);
    Record {
        stage: 0,
        class,
        timing: Timing {
            intended,
            sent,
            done,
        },
        own_lag: Duration::ZERO,
        ran_out: false,
    }
}

fn totals(records: &[Record]) -> Totals {
    let mut totals = Totals::new(1);
    for record in records {
        totals.record(record);
    }
    totals.end.scheduled = records.len() as u64;
    totals.end.asked_for = ms(1000);
    totals.end.is_open_loop = true;
    totals
}

#[test]
fn response_has_the_wait_in_it_and_service_has_not() {
    let totals = totals(&[record(Class::Ok, 0, 500, 510)]);
    let all = totals.overall();
    assert_reads(all.responses().quantile(1.0), ms(510));
    assert_reads(all.service.quantile(1.0), ms(10));
    assert_reads(totals.lag.quantile(1.0), ms(500));
}

#[test]
fn every_arrival_is_in_one_class_and_sent_plus_connect_plus_expired_is_scheduled() {
    let mut totals = totals(&Class::ALL.map(|class| record(class, 0, 1, 2)));
    assert!(totals.is_balanced());
    assert_eq!((totals.sent(), totals.unsent()), (5, 2));
    totals.end.scheduled += 1;
    assert!(!totals.is_balanced(), "a lost arrival is noticed");
}

#[test]
fn only_what_was_answered_or_waited_until_its_timeout_has_a_response_time() {
    let hung = Record {
        ran_out: true,
        ..record(Class::Connect, 0, 0, 300)
    };
    let expired = record(Class::Expired, 0, 2500, 2000);
    let totals = totals(&[
        record(Class::Ok, 0, 0, 100),
        record(Class::Connect, 0, 0, 1),
        record(Class::Reset, 0, 0, 1),
        hung,
        expired,
    ]);
    let all = totals.overall();
    let response = all.responses();
    assert_eq!((response.count(), totals.sent()), (3, 2));
    assert_reads(response.quantile(0.0), ms(100));
    assert_reads(response.quantile(0.5), ms(300));
    assert_reads(response.quantile(1.0), ms(2000));
    assert_eq!(all.service.count(), 1, "nothing else was served");
}

#[test]
fn achieved_counts_late_sending_and_never_sending() {
    let first = record(Class::Ok, 0, 0, 1);
    let late = totals(&[first, record(Class::Ok, 500, 2000, 2001)]);
    assert_eq!(late.achieved(), Some(0.5));
    let never = totals(&[first, record(Class::Expired, 500, 1000, 1000)]);
    assert_eq!(never.achieved(), Some(0.5));
    assert_eq!(Totals::new(1).achieved(), None);
}

#[test]
fn what_is_looked_at_in_parts_adds_up_to_the_whole() {
    let parts = [Class::Ok, Class::Timeout].map(|class| totals(&[record(class, 0, 1, 5)]));
    let mut whole = Totals::new(1);
    let mut part = parts[0].clone();
    whole.add(&part);
    part.clear();
    assert_eq!((part.sent(), part.counts()), (0, [0; 7]));
    whole.add(&part);
    whole.add(&parts[1]);
    assert_eq!((whole.sent(), whole.count(Class::Timeout)), (2, 1));
    assert_eq!(whole.overall().responses().count(), 2);
}

#[test]
fn three_digits_hold_from_a_microsecond_to_a_minute() {
    for micros in [1, 999, 12_345, 3_000_000, 59_990_000] {
        let time = Duration::from_micros(micros);
        let mut distribution = Distribution::default();
        distribution.record(time);
        assert_reads(distribution.quantile(0.5), time);
    }
}

/// How far behind a thread is after windows of 100 ms, each with its busy time, and the lag at its end, in milliseconds.
fn behind(windows: &[(u64, u64)]) -> Distribution {
    let (mut saturation, mut behind) = (Saturation::default(), Distribution::default());
    let (mut now, mut used) = (Duration::ZERO, Duration::ZERO);
    for &(busy, lag) in windows {
        now += ms(100);
        used += ms(busy);
        saturation.note(ms(lag));
        assert!(saturation.is_over(now));
        saturation.end_window(now, used, &mut behind);
    }
    behind
}

#[test]
fn a_saturated_thread_falls_behind_as_long_as_its_lag_grows() {
    let behind = behind(&[(40, 0), (100, 60), (96, 120), (100, 70), (50, 0)]);
    assert_reads(behind.quantile(1.0), ms(120));
    assert_reads(behind.quantile(0.8), ms(70));
    assert_reads(behind.quantile(0.4), Duration::ZERO);
}

#[test]
fn the_lag_that_a_frozen_target_leaves_is_not_the_threads_own() {
    let behind = behind(&[(40, 0), (1, 90), (1, 190), (100, 120), (100, 50), (60, 0)]);
    assert_eq!(behind.quantile(1.0), Some(Duration::ZERO));
}

#[test]
fn statuses_have_their_class() {
    let classes = [200, 204, 304, 400, 404, 499, 500, 503];
    let classes = classes.map(|status| Class::of_status(status).name());
    let wanted = [
        "ok", "ok", "ok", "http_4xx", "http_4xx", "http_4xx", "http_5xx", "http_5xx",
    ];
    assert_eq!(classes, wanted);
}
