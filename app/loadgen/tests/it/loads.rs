//! Loads as another program makes them.

use std::time::{Duration, Instant};

use hyper::Method;
use hyper::http::uri::PathAndQuery;
use loadgen::ledger::Class;
use loadgen::load::{Load, LoadError, Outcome, Recipe, Sent};
use loadgen::scenario::Scenario;
use loadgen::target::Server;
use mock_target::Behaviour;

use crate::support::{mock, quick};

fn recipe(target: &str) -> Recipe {
    let sent = |method, path| Sent {
        method,
        path: PathAndQuery::from_static(path),
    };
    Recipe {
        target: Server::parse(target).expect("a target"),
        request: sent(Method::POST, "/orders"),
        second: Some((sent(Method::GET, "/other"), 0.5)),
        rate: 200.0,
        scenario: Scenario::Steady,
        length: None,
        connections: 10,
        timeout: Duration::from_secs(5),
        seed: 7,
    }
}

fn ended(mut load: Load) -> Outcome {
    loop {
        match load.outcome() {
            Some(outcome) => return outcome.expect("the engine does not crash"),
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    }
}

#[test]
fn goes_on_until_it_is_stopped_and_accounts_for_every_arrival() {
    let mock = quick();
    let mut load = Load::start(&recipe(&mock.url())).expect("it starts");
    let begin = Instant::now();
    while load.counts().answered() < 50 {
        assert!(begin.elapsed() < Duration::from_secs(30), "{load:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(load.outcome().is_none(), "nobody has stopped it");
    load.stop();
    let outcome = ended(load);
    let counts = outcome.counts;
    assert!(counts.answered() >= 50 && counts.of(Class::Ok) == counts.answered());
    assert!(outcome.faults(Duration::from_hours(1)).is_empty());
    assert!(counts.listed().starts_with("ok "), "{}", counts.listed());
}

#[test]
fn ends_by_itself_after_its_length_whatever_its_scenario() {
    let mock = mock(Behaviour::Answer(503));
    for scenario in [Scenario::Steady, Scenario::Ramp, Scenario::ErrorStorm] {
        let recipe = Recipe {
            length: Some(Duration::from_millis(500)),
            scenario,
            ..recipe(&mock.url())
        };
        let outcome = ended(Load::start(&recipe).expect("it starts"));
        let wanted = if scenario == Scenario::Ramp { 50 } else { 100 };
        assert_eq!(outcome.counts.scheduled, wanted, "{scenario:?}");
        assert_eq!(outcome.counts.of(Class::Http5xx), wanted, "{scenario:?}");
    }
}

#[test]
fn says_which_target_it_cannot_find() {
    let error = Load::start(&recipe("http://no-such-host.invalid")).expect_err("no such host");
    assert!(matches!(error, LoadError::Unknown { .. }), "{error}");
    assert!(error.to_string().contains("no-such-host.invalid:80"));
}
