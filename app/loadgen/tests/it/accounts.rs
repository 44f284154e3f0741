//! The books: three times, one class each, sums that agree.

use std::time::Duration;

use loadgen::ledger::{Book, Class, Distribution, Entry, Strain, Timing, Totals};

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

fn entry(class: Class, intended: u64, sent: u64, done: u64) -> Entry {
    let timing = Timing {
        intended: ms(intended),
        sent: ms(sent),
        done: ms(done),
    };
    Entry {
        stage: 0,
        class,
        timing,
        own_lag: Duration::ZERO,
        ran_out: false,
    }
}

fn totals(entries: &[Entry]) -> Totals {
    let mut book = Book::new(1);
    for entry in entries {
        book.record(entry);
    }
    let mut totals = book.into_totals();
    totals.scheduled = entries.len() as u64;
    totals.asked_for = Duration::from_secs(1);
    totals
}

#[test]
fn response_has_the_wait_in_it_and_service_has_not() {
    let totals = totals(&[entry(Class::Ok, 0, 500, 510)]);
    let all = totals.overall();
    assert_reads(all.responses().quantile(1.0), ms(510));
    assert_reads(all.service.quantile(1.0), ms(10));
    assert_reads(totals.lag.quantile(1.0), ms(500));
}

#[test]
fn every_arrival_is_in_one_class_and_sent_plus_connect_plus_expired_is_scheduled() {
    let entries: Vec<_> = Class::ALL
        .into_iter()
        .map(|class| entry(class, 0, 1, 2))
        .collect();
    let mut totals = totals(&entries);
    assert!(totals.is_balanced());
    assert_eq!((totals.sent(), totals.unsent()), (5, 2));
    totals.scheduled += 1;
    assert!(!totals.is_balanced(), "a lost arrival is noticed");
}

#[test]
fn a_refused_connection_does_not_make_the_response_times_better() {
    let totals = totals(&[
        entry(Class::Ok, 0, 0, 100),
        entry(Class::Connect, 0, 0, 1),
        entry(Class::Reset, 0, 0, 1),
    ]);
    let response = totals.overall().responses();
    assert_eq!(response.count(), 1);
    assert_reads(response.quantile(0.0), ms(100));
}

#[test]
fn a_connection_that_hangs_until_the_timeout_has_waited_it() {
    let hung = Entry {
        ran_out: true,
        ..entry(Class::Connect, 0, 0, 300)
    };
    let totals = totals(&[entry(Class::Ok, 0, 0, 1), hung]);
    let all = totals.overall();
    assert_eq!((all.responses().count(), totals.sent()), (2, 1));
    assert_reads(all.responses().quantile(1.0), ms(300));
    assert_reads(all.service.quantile(1.0), ms(1));
}

#[test]
fn an_expired_arrival_has_waited_its_whole_timeout_and_has_no_service_time() {
    let totals = totals(&[entry(Class::Expired, 0, 2500, 2000)]);
    assert_reads(totals.overall().responses().quantile(1.0), ms(2000));
    assert_eq!(
        (totals.overall().service.count(), totals.lag.count()),
        (0, 0)
    );
}

#[test]
fn achieved_counts_late_sending_and_never_sending() {
    let late = totals(&[entry(Class::Ok, 0, 0, 1), entry(Class::Ok, 500, 2000, 2001)]);
    assert_eq!(late.achieved(), Some(0.5));
    let never = totals(&[
        entry(Class::Ok, 0, 0, 1),
        entry(Class::Expired, 500, 1000, 1000),
    ]);
    assert_eq!(never.achieved(), Some(0.5));
    assert_eq!(Totals::new(1).achieved(), None);
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
    let (mut strain, mut behind) = (Strain::default(), Distribution::default());
    let (mut now, mut used) = (Duration::ZERO, Duration::ZERO);
    for &(busy, lag) in windows {
        now += ms(100);
        used += ms(busy);
        strain.note(ms(lag));
        assert!(strain.is_over(now));
        strain.end_window(now, used, &mut behind);
    }
    behind
}

#[test]
fn a_saturated_thread_falls_behind_as_long_as_its_lag_grows() {
    let behind = behind(&[(40, 0), (100, 60), (96, 120), (100, 70), (50, 0)]);
    let at = |quantile| behind.quantile(quantile).expect("five arrivals");
    assert_reads(Some(at(1.0)), ms(120));
    assert_reads(Some(at(0.8)), ms(70));
    assert_eq!(at(0.4), Duration::ZERO, "before and after it");
}

#[test]
fn the_lag_that_a_frozen_target_leaves_is_not_the_threads_own() {
    let behind = behind(&[(40, 0), (1, 90), (1, 190), (100, 120), (100, 50), (60, 0)]);
    assert_eq!(behind.quantile(1.0), Some(Duration::ZERO));
}

#[test]
fn statuses_have_their_class() {
    let classes = [200, 204, 304, 400, 404, 499, 500, 503].map(|status| {
        Class::of_status(hyper::StatusCode::from_u16(status).expect("a valid status")).name()
    });
    let wanted = [
        "ok", "ok", "ok", "http_4xx", "http_4xx", "http_4xx", "http_5xx", "http_5xx",
    ];
    assert_eq!(classes, wanted);
}
