//! The engine keeps its schedule: how much, when, and until when.

use std::time::{Duration, Instant};

use loadgen::ledger::Class;
use loadgen::scenario::{Load, Plan};
use loadgen::verdict::{Limits, faults};
use mock_target::Setup;

use crate::support::{
    Setting, fixed, flat, mock, plan, quick, run_against, run_in_process, start_of,
};

#[test]
fn nothing_is_sent_before_the_start() {
    let mock = quick();
    mock.log_answers();
    let mut start = None;
    let setting = Setting::new(flat(200, 100.0), 4);
    let totals = run_in_process(&mock, setting, |running| start = Some(start_of(running)));
    assert_eq!(totals.count(Class::Ok), 20);
    let answers = mock.log().answers.expect("they were asked for");
    assert!(
        answers.iter().min() >= start.as_ref(),
        "{answers:?}, {start:?}"
    );
}

#[test]
fn a_closed_loop_has_no_response_shorter_than_its_target_takes() {
    let service_time = Duration::from_millis(5);
    let mock = mock(Setup {
        service_time,
        ..Setup::default()
    });
    let plan = Plan {
        load: Load::Closed(Duration::from_millis(100)),
        ..plan(&[])
    };
    let totals = run_in_process(&mock, Setting::new(plan, 4), |_| {});
    let shortest = totals.overall().responses().quantile(0.0);
    assert!(shortest >= Some(service_time), "{shortest:?}");
}

#[test]
fn nothing_is_sent_ahead_of_its_time_and_connections_are_opened_before_the_first() {
    let mock = quick();
    let ramp = plan(&[(Duration::from_millis(500), 0.0, 200.0)]);
    let totals = run_in_process(&mock, Setting::new(ramp, 80), |_| {
        // Connected is not yet accepted: the mock may be a moment behind. There are fewer arrivals than connections, so
        // if all are there they were opened beforehand.
        let started = Instant::now();
        while mock.accepted() < 80 && started.elapsed() < Duration::from_secs(5) {
            std::thread::yield_now();
        }
        assert_eq!(mock.accepted(), 80);
    });
    assert_eq!((totals.scheduled, totals.count(Class::Ok)), (50, 50));
    assert!(totals.last_sent >= Duration::from_millis(490));
    assert_eq!(mock.accepted(), 80, "and kept");
}

#[test]
fn a_stopped_run_keeps_its_accounts() {
    let mock = mock(Setup {
        service_time: Duration::from_millis(200),
        ..Setup::default()
    });
    let totals = run_in_process(&mock, Setting::new(flat(60_000, 200.0), 2), |running| {
        std::thread::sleep(Duration::from_millis(300));
        running.stop();
    });
    assert!(totals.is_balanced());
    assert!(
        totals.count(Class::Ok) >= 2,
        "what was in flight is waited for"
    );
    assert!(
        totals.count(Class::Expired) > 0,
        "what waited for a connection is not sent any more, and not forgotten"
    );
    assert!(totals.asked_for < Duration::from_mins(1));
}

#[test]
fn connections_are_spread_over_every_address_of_the_target() {
    let mocks = [(); 3].map(|()| quick());
    let addresses = mocks.iter().map(|mock| mock.address).collect();
    let setting = Setting::new(flat(500, 100.0), 12);
    let totals = run_against(fixed(addresses), setting, |_| {});
    assert_eq!(totals.count(Class::Ok), 50);
    assert_eq!(mocks.map(|mock| mock.accepted()), [4, 4, 4]);
}

#[test]
fn a_connection_to_a_dead_address_is_opened_to_the_next_one() {
    let [alive, dead] = [(); 2].map(|()| quick());
    let addresses = vec![dead.address, alive.address];
    drop(dead);
    // One arrival: the other connections are opened beforehand or never.
    let setting = Setting::new(flat(500, 2.0), 4);
    let totals = run_against(fixed(addresses), setting, |_| {});
    assert_eq!(totals.count(Class::Ok), 1);
    assert_eq!(alive.accepted(), 4);
}

#[test]
fn a_short_piece_that_no_machine_can_send_in_time_makes_the_run_invalid() {
    // Four threads answer: what these two send is what they can send.
    let mocks = [(); 4].map(|()| quick());
    let piece = (Duration::from_millis(20), 1e6, 1e6);
    let calm = (Duration::from_secs(2), 100.0, 100.0);
    let addresses = mocks.iter().map(|mock| mock.address).collect();
    let setting = Setting::new(plan(&[piece, calm]), 64);
    let totals = run_against(fixed(addresses), setting, |_| {});
    assert_eq!(totals.count(Class::Ok), 20_200);
    let faults = faults(&totals, &Limits::default()).join("; ");
    assert!(faults.contains("fell behind"), "{faults}");
}
