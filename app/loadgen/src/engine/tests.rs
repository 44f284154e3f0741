//! The engine against a mock target: what it sends when, and lower bounds of times that hold on any machine.
//!
//! A busy machine makes responses longer, never shorter: each bound is what the formula gives for an ideal one. How close the
//! figures come is printed by `scripts/bench`. The formulas: freeze of S in a run of T: L(p) = S − (1 − p)·T; overload:
//! L(p) = p·T·(λ/μ − 1); burst of B: L(p) = p·B/μ.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::Method;
use mock_target::{Behaviour, Mock, Setup};

use super::{Run, Running};
use crate::ledger::{Class, Totals};
use crate::scenario::{Load, Plan};
use crate::schedule::{ArrivalProcess, Profile, Segment, Stage};
use crate::target::{Addresses, Request, Server, Target};
use crate::verdict::faults;

/// A timeout that no test waits for.
const LONG: Duration = Duration::from_secs(30);

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// An open loop of one stage, in pieces of a length and a rate at their start and end.
fn plan(pieces: &[(Duration, f64, f64)]) -> Plan {
    let segments = pieces.iter().map(|&(duration, from, to)| Segment {
        stage: 0,
        duration,
        from,
        to,
    });
    Plan {
        stages: vec![Stage {
            name: "test".into(),
            fault: None,
        }],
        load: Load::Open(Arc::new(Profile::new(segments))),
    }
}

fn flat(millis: u64, rate: f64) -> Plan {
    plan(&[(ms(millis), rate, rate)])
}

/// All of them due at once.
fn burst(arrivals: u32) -> Plan {
    let rate = f64::from(arrivals) * 1e5;
    plan(&[(Duration::from_micros(10), rate, rate)])
}

fn mock(setup: impl Into<Setup>) -> Mock {
    Mock::start(setup.into()).expect("a free port")
}

fn quick() -> Mock {
    mock(Setup::default())
}

fn slow(service_time: Duration) -> Mock {
    mock(Setup {
        service_time,
        ..Setup::default()
    })
}

/// A server whose name has no address.
fn unknown() -> Server {
    Server::parse("http://target.invalid:8000").expect("a URL")
}

/// A run that waits to be started.
struct Case {
    plan: Plan,
    connections: usize,
    timeout: Duration,
    addresses: Addresses,
}

impl Case {
    fn new(mocks: &[&Mock], plan: Plan, connections: usize) -> Self {
        let known = mocks.iter().map(|mock| mock.address).collect();
        Self {
            plan,
            connections,
            timeout: LONG,
            addresses: Addresses::new(&unknown(), known),
        }
    }

    fn run(self) -> Totals {
        self.run_while(|_| {})
    }

    /// Does something while it runs.
    fn run_while(self, meanwhile: impl FnOnce(&mut Running)) -> Totals {
        let server = unknown();
        let path = "/orders".parse().expect("a path");
        let run = Run {
            plan: self.plan,
            target: Target {
                addresses: self.addresses,
                requests: Request::by_order(&server, &Method::POST, &path),
            },
            connections: self.connections,
            threads: 2,
            timeout: self.timeout,
            process: ArrivalProcess::Even,
            seed: 1,
        };
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let mut running = run.launch().await.expect("threads can be started");
            meanwhile(&mut running);
            running.finished().await.expect("the run has a result")
        })
    }
}

/// The moment of the schedule's zero, or a little before it.
fn start_of(running: &Running) -> Instant {
    while running.now().is_zero() {
        std::thread::yield_now();
    }
    let now = Instant::now();
    now.checked_sub(running.now()).expect("it began after 1970")
}

fn response(totals: &Totals, quantile: f64) -> Duration {
    let response = totals.overall().responses();
    response.quantile(quantile).expect("there were answers")
}

/// Each of these quantiles is at least what the formula gives, but for the histogram's rounding.
fn assert_at_least(totals: &Totals, quantiles: &[f64], formula: impl Fn(f64) -> f64) {
    for &quantile in quantiles {
        let (found, least) = (response(totals, quantile), formula(quantile) * 0.97);
        assert!(found.as_secs_f64() >= least, "p{quantile}: {found:?}");
    }
}

fn soon() -> Instant {
    Instant::now() + ms(500)
}

#[test]
fn nothing_is_sent_before_the_start() {
    let mock = quick();
    mock.log_answers();
    let mut start = None;
    let case = Case::new(&[&mock], flat(200, 100.0), 4);
    let totals = case.run_while(|running| start = Some(start_of(running)));
    assert_eq!(totals.count(Class::Ok), 20);
    let answers = mock.log().answers.expect("they were asked for");
    assert!(answers.iter().min() >= start.as_ref(), "{answers:?}");
}

#[test]
fn a_closed_loop_has_no_response_shorter_than_its_target_takes() {
    let mock = slow(ms(5));
    let plan = Plan {
        load: Load::Closed(ms(100)),
        ..plan(&[])
    };
    let totals = Case::new(&[&mock], plan, 4).run();
    assert!(response(&totals, 0.0) >= ms(5));
}

#[test]
fn nothing_is_sent_ahead_of_its_time_and_connections_are_opened_before_the_first() {
    let mock = quick();
    let ramp = plan(&[(ms(500), 0.0, 200.0)]);
    let totals = Case::new(&[&mock], ramp, 80).run_while(|_| {
        // Connected is not yet accepted: the mock may be a moment behind. There are fewer arrivals than connections, so
        // if all are there they were opened beforehand.
        let started = Instant::now();
        while mock.accepted() < 80 && started.elapsed() < Duration::from_secs(5) {
            std::thread::yield_now();
        }
        assert_eq!(mock.accepted(), 80);
    });
    assert_eq!((totals.end.scheduled, totals.count(Class::Ok)), (50, 50));
    assert!(totals.last_sent >= ms(490));
    assert_eq!(mock.accepted(), 80, "and kept");
}

#[test]
fn a_stopped_run_keeps_its_records() {
    let mock = slow(ms(200));
    let totals = Case::new(&[&mock], flat(60_000, 200.0), 2).run_while(|running| {
        let started = Instant::now();
        while running.look().2.count(Class::Ok) < 2 && started.elapsed() < Duration::from_secs(5) {
            std::thread::sleep(ms(10));
        }
        running.stop();
    });
    let [ok, expired] = [Class::Ok, Class::Expired].map(|class| totals.count(class));
    assert!(ok >= 2, "what was in flight is waited for");
    assert!(expired > 0, "what waited is not sent, and not forgotten");
    assert!(totals.end.asked_for < Duration::from_mins(1));
}

#[test]
fn connections_are_spread_over_every_address_of_the_target() {
    let mocks = [(); 3].map(|()| quick());
    let totals = Case::new(&mocks.each_ref(), flat(500, 100.0), 12).run();
    assert_eq!(totals.count(Class::Ok), 50);
    assert_eq!(mocks.map(|mock| mock.accepted()), [4, 4, 4]);
}

#[test]
fn a_connection_to_a_dead_address_is_opened_to_the_next_one() {
    let [alive, dead] = [(); 2].map(|()| quick());
    // One arrival: the other connections are opened beforehand or never.
    let case = Case::new(&[&dead, &alive], flat(500, 2.0), 4);
    drop(dead);
    let totals = case.run();
    assert_eq!(totals.count(Class::Ok), 1);
    assert_eq!(alive.accepted(), 4);
}

#[test]
fn a_target_that_moves_is_found_at_its_new_address() {
    let (old, new) = (quick(), quick());
    let server = Server::parse(&new.url()).expect("a URL");
    let case = Case {
        timeout: Duration::from_secs(1),
        addresses: Addresses::new(&server, vec![old.address]),
        ..Case::new(&[], flat(2000, 100.0), 10)
    };
    let totals = case.run_while(|_| drop(old));
    assert_eq!(totals.end.scheduled, 200);
    assert!(totals.count(Class::Ok) >= 150, "{:?}", totals.counts());
    assert!(new.accepted() > 0);
}

#[test]
fn a_short_piece_that_no_machine_can_send_in_time_makes_the_run_invalid() {
    // Four threads answer: what these two send is what they can send.
    let mocks = [(); 4].map(|()| quick());
    let pieces = [(ms(20), 1e6, 1e6), (ms(2000), 100.0, 100.0)];
    let totals = Case::new(&mocks.each_ref(), plan(&pieces), 64).run();
    assert_eq!(totals.count(Class::Ok), 20_200);
    let faults = faults(&totals, ms(5)).join("; ");
    assert!(faults.contains("fell behind"), "{faults}");
}

/// 500/s for 2 s with a freeze of 0.3 s in the middle.
fn frozen_run(connections: usize) -> Totals {
    let mock = quick();
    let totals = Case::new(&[&mock], flat(2000, 500.0), connections)
        .run_while(|_| mock.freeze(soon(), ms(300)));
    let counted = (totals.end.scheduled, totals.count(Class::Ok));
    assert_eq!(counted, (1000, 1000), "{connections} connections");
    assert_at_least(&totals, &[0.95, 0.99, 1.0], |p| 0.3 - (1.0 - p) * 2.0);
    totals
}

#[test]
fn a_freeze_shows_in_the_response_times_with_many_connections() {
    frozen_run(200);
}

#[test]
fn a_freeze_shows_with_five_connections_too_although_service_times_hide_it() {
    let totals = frozen_run(5);
    // Only the five that were in flight can have felt it: 0.5 % of all.
    let service = totals.overall().service.quantile(0.95);
    assert!(service.expect("answers") < ms(250), "{service:?}");
    // Waiting for a connection is lag, but not the generator's own.
    let lags = [&totals.own_lag, &totals.lag].map(|lag| lag.quantile(0.95));
    let [own_lag, lag] = lags.map(|lag| lag.expect("arrivals"));
    assert!(own_lag < ms(250) && lag > ms(150), "{own_lag:?}, {lag:?}");
}

#[test]
fn overload_grows_with_every_arrival_and_a_burst_waits_for_those_before_it() {
    for (answers_per_second, plan, count, longest) in [
        (400.0, flat(2000, 500.0), 1000, 2.0 * (500.0 / 400.0 - 1.0)),
        (1000.0, burst(500), 500, 500.0 / 1000.0),
    ] {
        let mock = mock(Setup {
            answers_per_second: Some(answers_per_second),
            ..Setup::default()
        });
        let totals = Case::new(&[&mock], plan, 600).run();
        let counted = (totals.end.scheduled, totals.count(Class::Ok));
        assert_eq!(counted, (count, count));
        assert_at_least(&totals, &[0.5, 0.95, 0.99], |p| p * longest);
    }
}

#[test]
fn a_freeze_that_never_ends_makes_every_later_arrival_a_timeout_of_exactly_that_length() {
    let timeout = ms(500);
    for connections in [400, 5] {
        let mock = quick();
        let mut start = None;
        let case = Case {
            timeout,
            ..Case::new(&[&mock], flat(1500, 200.0), connections)
        };
        let totals = case.run_while(|running| {
            start = Some(start_of(running));
            mock.freeze(soon(), Duration::from_hours(1));
        });
        assert_eq!(totals.end.scheduled, 300);
        let [ok, timeouts, expired] =
            [Class::Ok, Class::Timeout, Class::Expired].map(|class| totals.count(class));
        assert_eq!(ok + timeouts + expired, 300, "nothing else can happen");
        let begin = mock.log().freezes[0].0;
        let frozen_after = begin.duration_since(start.expect("it was noted"));
        // The first is due at once, and then one every 5 ms.
        let most = 1.0 + frozen_after.as_secs_f64() * 200.0;
        assert!(ok as f64 <= most, "{ok} of {most} with {connections}");
        for class in [Class::Timeout, Class::Expired] {
            let times = &totals.overall().response[class as usize];
            for quantile in [0.0, 1.0] {
                let time = times.quantile(quantile).unwrap_or(timeout);
                assert!(time.abs_diff(timeout) < ms(1), "{class:?}: {time:?}");
            }
        }
        assert!(totals.end.elapsed >= ms(1990), "the tail is waited for");
    }
}

#[test]
fn what_waits_for_the_only_connection_until_its_timeout_expires() {
    let mock = mock(Behaviour::Silence);
    let case = Case {
        timeout: ms(200),
        ..Case::new(&[&mock], burst(100), 1)
    };
    let totals = case.run();
    let counts = [Class::Timeout, Class::Expired].map(|class| totals.count(class));
    assert_eq!(counts, [1, 99], "all were due at once, one was sent");
    assert_eq!(totals.expired_while_free, 0, "no connection was free");
}
