//! Thresholds, validity and what outweighs what.

use std::time::Duration;

use loadgen::ledger::{Book, Class, Entry, Timing, Totals};
use loadgen::verdict::{Exit, Interrupt, Limits, Outcome, Threshold, Verdict};

fn threshold(text: &str) -> Threshold {
    text.parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// One hundred arrivals in a second, each with this class, response time and lag of the generator's own.
fn run(class: Class, response: Duration, own_lag: Duration) -> Totals {
    let mut book = Book::new(1);
    for k in 0..100 {
        let intended = Duration::from_millis(10 * k);
        let timing = Timing {
            intended,
            sent: intended,
            done: intended + response,
        };
        book.record(&Entry {
            stage: 0,
            class,
            timing,
            own_lag,
            ran_out: false,
        });
    }
    let mut totals = book.into_totals();
    totals.scheduled = 100;
    totals.asked_for = Duration::from_secs(1);
    totals
}

fn ok() -> Totals {
    run(Class::Ok, Duration::from_millis(100), Duration::ZERO)
}

fn verdict(totals: &Totals, thresholds: &[&str]) -> Verdict {
    let thresholds: Vec<_> = thresholds.iter().map(|text| threshold(text)).collect();
    Verdict::new(totals, &Limits::default(), &thresholds, None)
}

#[test]
fn the_expression_says_what_is_not_acceptable() {
    let cases = [
        ("p99>300ms", false),
        ("p99>50ms", true),
        ("p50 >= 100ms", true),
        ("mean<1s", true),
        ("max<=0.11s", true),
        ("p99.9>1m", false),
        ("p75>50ms", true),
        ("p99.99>1m", false),
        ("error_rate>1%", false),
        ("error_rate>=0", true),
        ("achieved<99%", false),
        ("achieved<=1", true),
        ("expired>0", false),
        ("expired>=0%", true),
    ];
    for (text, is_missed) in cases {
        assert_eq!(threshold(text).judge(&ok()).missed, is_missed, "{text}");
    }
}

#[test]
fn exactly_the_allowed_share_of_errors_is_not_above_it() {
    for (percent, failed, all) in [
        ("1", 1, 100),
        ("2", 2, 100),
        ("5", 5, 100),
        ("10", 10, 100),
        ("0.7", 7, 1000),
    ] {
        let mut totals = Totals::new(1);
        totals.scheduled = all;
        totals.stages[0].counts[Class::Ok as usize] = all - failed;
        totals.stages[0].counts[Class::Http5xx as usize] = failed;
        let above = threshold(&format!("error_rate>{percent}%"));
        let at_least = threshold(&format!("error_rate>={percent}%"));
        assert!(!above.judge(&totals).missed, "{percent} %");
        assert!(at_least.judge(&totals).missed, "{percent} %");
        assert_eq!(totals.stages[0].error_rate(), totals.error_rate());
    }
}

#[test]
fn what_is_no_threshold_is_refused_with_what_would_do() {
    for (text, wanted) in [
        ("p99", "p99>300ms"),
        ("", "p99>300ms"),
        ("p100>1s", "no figure `p100`"),
        ("p99>", "a time such as 300ms"),
        ("p99>300", "a time such as 300ms"),
        ("p99>-1s", "a time"),
        ("error_rate>2", "a share such as 1%"),
        ("error_rate>NaN", "a share"),
        ("expired>many", "a number"),
        ("achieved<x%", "a share"),
    ] {
        let error = text.parse::<Threshold>().expect_err(text).to_string();
        assert!(error.contains(wanted), "`{text}`: {error}");
    }
}

#[test]
fn a_threshold_without_samples_fails() {
    for text in [
        "p99>1h",
        "mean>1h",
        "max>1h",
        "error_rate>1",
        "achieved<0",
        "expired>9999",
    ] {
        let judged = threshold(text).judge(&Totals::new(1));
        assert!(judged.missed && judged.actual.is_none(), "{text}");
        assert!(judged.to_string().contains("no samples"), "{text}");
    }
}

#[test]
fn one_missed_threshold_fails_the_run() {
    assert_eq!(verdict(&ok(), &["p99>300ms"]).exit, Exit::Pass);
    let missed = verdict(&ok(), &["p99>300ms", "p99>50ms"]);
    assert_eq!(
        (missed.outcome, missed.exit),
        (Outcome::Missed, Exit::Missed)
    );
    assert_eq!(missed.reasons, ["p99>50ms (was 100.0 ms)"]);
}

#[test]
fn a_generator_that_was_late_while_a_connection_was_free_proves_nothing() {
    let late = run(
        Class::Ok,
        Duration::from_millis(100),
        Duration::from_millis(6),
    );
    assert_eq!(
        verdict(&late, &["p99>1us"]).exit,
        Exit::Invalid,
        "it outweighs a missed threshold"
    );
    let in_time = run(
        Class::Ok,
        Duration::from_millis(100),
        Duration::from_millis(4),
    );
    assert_eq!(verdict(&in_time, &[]).exit, Exit::Pass);
}

#[test]
fn a_slow_or_overloaded_target_never_makes_a_run_invalid() {
    let minute = Duration::from_mins(1);
    assert_eq!(
        verdict(&run(Class::Ok, minute, Duration::ZERO), &[]).outcome,
        Outcome::Pass
    );
    for class in [Class::Timeout, Class::Expired] {
        assert_eq!(
            verdict(&run(class, minute, Duration::ZERO), &[]).outcome,
            Outcome::Failed,
            "{class:?}"
        );
    }
}

#[test]
fn arrivals_that_expire_beside_a_free_connection_are_the_generators_fault() {
    let mut totals = ok();
    totals.expired_while_free = 2;
    assert_eq!(verdict(&totals, &[]).outcome, Outcome::Pass);
    totals.expired_while_free = 3;
    assert_eq!(verdict(&totals, &[]).outcome, Outcome::Invalid);
}

#[test]
fn a_generator_without_a_processor_is_noticed_although_its_connections_look_busy() {
    let mut totals = ok();
    totals.lag.record_many(Duration::from_millis(20), 100);
    totals.behind.record_many(Duration::ZERO, 99);
    assert_eq!(
        verdict(&totals, &[]).outcome,
        Outcome::Pass,
        "late, but the threads had time to spare: the target's doing"
    );
    totals.behind.record_many(Duration::from_millis(6), 2);
    assert_eq!(verdict(&totals, &[]).outcome, Outcome::Invalid);
}

#[test]
fn an_interrupt_outweighs_everything() {
    for (interrupt, code) in [(Interrupt::Int, 130), (Interrupt::Term, 143)] {
        let late = run(Class::Reset, Duration::ZERO, Duration::from_secs(1));
        let verdict = Verdict::new(
            &late,
            &Limits::default(),
            &[threshold("p99>1us")],
            Some(interrupt),
        );
        assert_eq!(
            (verdict.outcome, verdict.exit.code()),
            (Outcome::Interrupted, code)
        );
    }
}
