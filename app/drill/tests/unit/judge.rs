//! Every link that can break, on a record made by hand: one that passes, and what each change of it makes of the verdict.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Row, Standing, rows};
use crate::alertmanager::{Counters, HeldAlert, Named, Requests, Routing, Status};
use crate::deliveries::Delivery;
use crate::file::Drill;
use crate::labels::{Labels, NAME, Selector};
use crate::moment::{Moment, Offset, Window};
use crate::prometheus::{Active, AlertSamples, Rule};
use crate::record::{Case, Facts, Proof, Record};

const DRILL: &str = "
shows: half of the requests fail
steps:
  - load: { request: GET /, rate: 20 }
  - expect: { alert: Errors, state: true, within: 10s }
  - expect: { alert: Errors, state: pending }
  - expect: { alert: Errors, state: firing }
  - expect: { alert: Errors, delivered: [page, chat], no_later: 3m }
  - expect: { incidents: { receiver: page, opened: 1 } }
  - load: { request: GET /, rate: 100 }
  - expect: { alert: Errors, state: resolved, within: 60s }
  - expect: { alert: Errors, resolve_delivered: [page, chat] }
  - expect: { incidents: { receiver: page, closed: 1 }, within: 2m }
allow: [Burn]
";
/// When each step was reached.
const REACHED: [f64; 10] = [0.0, 0.0, 5.0, 6.0, 126.0, 136.0, 140.0, 140.0, 181.0, 200.0];

const ROUTING: &str = "
route: { receiver: chat, group_by: [alertname], group_wait: 10s, group_interval: 30s, routes: [{ receiver: page, group_by: [job] }] }
receivers:
  - { name: chat, slack_configs: [{}] }
  - { name: page, pagerduty_configs: [{}] }
  - { name: hook, webhook_configs: [{}] }
";

/// What is observed, in seconds since the drill began.
struct World {
    drill: &'static str,
    reached: Vec<f64>,
    hold: u64,
    true_at: Option<f64>,
    pending: (f64, f64),
    firing: (f64, f64),
    is_active: bool,
    /// From when on Alertmanager has it, and what holds it back.
    held_at: f64,
    receivers: Vec<&'static str>,
    silenced_by: Vec<String>,
    inhibited_by: Option<&'static str>,
    /// Integration, moment, whether it fires, key.
    messages: Vec<(&'static str, f64, bool, &'static str)>,
    failed: f64,
    fired: Vec<&'static str>,
    figures: Vec<Vec<(f64, f64)>>,
    proof: Proof,
    other: Option<&'static str>,
    troubles: Vec<String>,
    now: f64,
}

fn good() -> World {
    World {
        drill: DRILL,
        reached: REACHED.into(),
        hold: 120,
        true_at: Some(5.0),
        pending: (6.0, 121.0),
        firing: (126.0, 176.0),
        is_active: false,
        held_at: 126.5,
        receivers: vec!["page", "chat"],
        silenced_by: Vec::new(),
        inhibited_by: None,
        messages: vec![
            ("pagerduty", 136.0, true, "incident"),
            ("slack", 136.0, true, "thread"),
            ("pagerduty", 195.0, false, "incident"),
            ("slack", 195.0, false, "thread"),
        ],
        failed: 0.0,
        fired: vec!["Errors", "Burn"],
        figures: Vec::new(),
        proof: Proof::Pager,
        other: None,
        troubles: Vec::new(),
        now: 205.0,
    }
}

/// The same for another drill, in which nothing fires for long.
fn of(drill: &'static str) -> World {
    World {
        drill,
        fired: Vec::new(),
        ..good()
    }
}

fn at(seconds: f64) -> Moment {
    Moment(1000.0 + seconds)
}

fn labels(name: &str) -> Labels {
    [(NAME, name), ("job", "shop")]
        .map(|(name, value)| (name.into(), value.into()))
        .into()
}

impl World {
    /// As it stood when the drill had come to this step, at that moment.
    fn until(&mut self, step: usize, now: f64) {
        self.reached.truncate(step + 1);
        self.messages.retain(|message| message.1 <= now);
        self.now = now;
        if self.firing.1 > now - 5.0 {
            self.is_active = true;
        }
    }

    fn never_fires(&mut self, step: usize, now: f64) {
        self.until(step, now);
        self.firing = (0.0, -1.0);
        self.held_at = f64::MAX;
        self.messages.clear();
    }

    /// What Alertmanager has, once it has it.
    fn held(&self) -> Vec<(Offset, Vec<HeldAlert>)> {
        let named = |name: &&str| Named {
            name: (*name).into(),
        };
        let state = if self.inhibited_by.is_some() || !self.silenced_by.is_empty() {
            "suppressed"
        } else {
            "active"
        };
        let alert = HeldAlert {
            fingerprint: "1".into(),
            labels: labels("Errors"),
            receivers: self.receivers.iter().map(named).collect(),
            status: Status {
                state: state.into(),
                silenced_by: self.silenced_by.clone(),
                inhibited_by: self.inhibited_by.iter().map(|_| "2".into()).collect(),
            },
        };
        let other = self.inhibited_by.or(self.other).map(|name| HeldAlert {
            fingerprint: "2".into(),
            labels: labels(name),
            receivers: vec![named(&"chat")],
            ..HeldAlert::default()
        });
        let all = other.into_iter().chain([alert]).collect();
        let look = (self.held_at <= self.now).then_some((Offset(self.held_at), all));
        look.into_iter().collect()
    }

    fn record(&self, drill: &Drill) -> Record {
        let samples =
            [(self.pending, false), (self.firing, true)].map(|((from, to), is_firing)| {
                let count = ((to - from) / 5.0).floor();
                let times = (0..).map(f64::from).take_while(|step| *step <= count);
                let at = times
                    .map(|step| at(from + step * 5.0))
                    .filter(|moment| *moment <= at(self.now))
                    .collect();
                AlertSamples {
                    labels: labels("Errors"),
                    is_firing,
                    at,
                }
            });
        let mut counters = vec![(Offset(0.0), Counters::new())];
        for (integration, moment, ..) in &self.messages {
            let mut next = counters.last().expect("the first").1.clone();
            let own: &mut Requests = next
                .entry(((*integration).into(), String::new()))
                .or_default();
            own.made += 1.0;
            own.failed += self.failed;
            counters.push((Offset(*moment), next));
        }
        let deliveries = self.messages.iter().filter(|_| self.failed == 0.0).map(
            |(integration, moment, is_firing, key)| Delivery {
                at: at(*moment),
                integration: (*integration).into(),
                headline: "Errors".into(),
                is_firing: *is_firing,
                key: Some((*key).into()),
                ..Delivery::default()
            },
        );
        let mut rule = rule(self.hold);
        rule.alerts = self
            .is_active
            .then(|| Active {
                labels: labels("Errors"),
                state: "firing".into(),
            })
            .into_iter()
            .collect();
        let steps = self
            .reached
            .iter()
            .map(|seconds| Some(Window::at(Offset(*seconds))));
        let figures = self.figures.iter().map(|values| {
            values
                .iter()
                .map(|(moment, value)| (Offset(*moment), Some(*value)))
                .collect()
        });
        Record {
            began: at(0.0),
            steps: steps
                .chain(std::iter::repeat(None))
                .take(drill.steps.len())
                .collect(),
            samples: samples.into(),
            rules: vec![rule],
            truths: self
                .true_at
                .map(|moment| (errors(), Offset(moment)))
                .into_iter()
                .collect(),
            held: self.held(),
            counters,
            deliveries: deliveries.collect(),
            values: figures.collect(),
            baseline: Vec::new(),
            fired: self.fired.iter().map(|name| labels(name)).collect(),
            troubles: self.troubles.clone(),
        }
    }

    fn rows(&self) -> Vec<Row> {
        let drill = Drill::parse("errors", self.drill).expect("a drill");
        let facts = Facts {
            rules: BTreeMap::from([(errors(), rule(self.hold))]),
            routing: Routing::parse(ROUTING).expect("a configuration"),
            resend_delay: Duration::from_secs(10),
            alarm_after: Some(Duration::from_mins(1)),
            proof: self.proof,
        };
        let record = self.record(&drill);
        rows(&Case {
            drill: &drill,
            facts: &facts,
            record: &record,
            slack: Duration::from_secs(10),
            now: Some(Offset(self.now)),
            is_over: self.reached.len() == drill.steps.len(),
        })
    }

    fn reasons(&self) -> String {
        let rows = self.rows();
        let reasons: Vec<_> = rows
            .iter()
            .filter_map(Row::failure)
            .map(String::as_str)
            .collect();
        reasons.join("\n")
    }
}

fn errors() -> Selector {
    Selector {
        name: "Errors".into(),
        ..Selector::default()
    }
}

fn rule(hold: u64) -> Rule {
    Rule {
        labels: [(NAME.into(), "Errors".into())].into(),
        hold: Duration::from_secs(hold),
        interval: Duration::from_secs(5),
        health: "ok".into(),
        ..Rule::default()
    }
}

/// A change of the good record, and the words that it must lead to.
type Broken = (fn(&mut World), &'static str);

fn all_fail(cases: &[Broken]) {
    for (place, (change, words)) in cases.iter().enumerate() {
        let mut world = good();
        change(&mut world);
        let reasons = world.reasons();
        assert!(
            reasons.contains(words),
            "case {place}, wanted: {words}\nfound: {reasons}\n{:#?}",
            world.rows()
        );
    }
}

#[test]
fn passes_when_everything_is_seen_in_time() {
    let rows = good().rows();
    assert_eq!(good().reasons(), "", "{rows:#?}");
    let open = rows
        .iter()
        .find(|row| !matches!(row.result, Standing::Seen | Standing::Held));
    assert!(open.is_none(), "{open:#?}");
    let window = |what: &str| {
        let row = rows.iter().find(|row| row.step == what).expect("the row");
        let expected = row.expected.expect("its window");
        (expected.from.0, expected.to.0)
    };
    for (what, expected) in [
        ("true", (0.0, 10.0)),
        ("pending", (5.0, 10.0)),
        ("firing", (126.0, 131.0)),
        ("in Alertmanager", (126.0, 128.0)),
        ("delivered to page", (136.0, 138.0)),
        ("resolved", (140.0, 205.0)),
        ("end delivered to chat", (181.0, 213.0)),
        ("1 closed", (140.0, 292.0)),
    ] {
        assert_eq!(window(what), expected, "{what}");
    }
}

#[test]
fn waits_while_there_is_time() {
    let mut world = good();
    world.never_fires(3, 60.0);
    world.is_active = true;
    assert_eq!(world.reasons(), "");
    let rows = world.rows();
    let waiting = rows
        .iter()
        .filter(|row| row.result == Standing::Waiting)
        .count();
    assert_eq!(waiting, rows.len() - 3, "{rows:#?}");
}

#[test]
fn names_the_link_on_the_way_to_firing() {
    all_fail(&[
        (
            |world| {
                world.never_fires(1, 25.0);
                (world.true_at, world.pending) = (None, (0.0, -1.0));
            },
            "Errors never went pending: its expression is still false 25s after its cause",
        ),
        (
            |world| {
                world.never_fires(2, 25.0);
                world.pending = (0.0, -1.0);
            },
            "never went pending, although its expression is true: is its rule group evaluated?",
        ),
        (
            |world| {
                world.never_fires(3, 60.0);
                (world.pending, world.is_active) = ((6.0, 46.0), false);
            },
            "was pending but cleared after 45s, before its `for` of 2m was over",
        ),
        (
            |world| {
                world.never_fires(3, 150.0);
                (world.pending, world.is_active) = ((6.0, 148.0), true);
            },
            "is pending, but does not fire after its `for` of 2m",
        ),
        (
            |world| {
                world.never_fires(1, 25.0);
                (world.true_at, world.pending) = (None, (0.0, -1.0));
                world
                    .troubles
                    .push("not one of 200 requests was answered".into());
            },
            "(not one of 200 requests was answered)",
        ),
    ]);
}

#[test]
fn names_the_link_on_the_way_to_people() {
    all_fail(&[
        (
            |world| {
                world.until(4, 150.0);
                world.held_at = f64::MAX;
                world.messages.clear();
            },
            "fires in Prometheus but is not in Alertmanager",
        ),
        (
            |world| {
                world.until(4, 130.0);
                world.receivers = vec!["chat"];
            },
            "for receiver chat, not page: look at `route`",
        ),
        (
            |world| {
                world.until(4, 130.0);
                world.silenced_by = vec!["0815".into()];
            },
            "but suppressed: silenced by 0815",
        ),
        (
            |world| {
                world.until(4, 130.0);
                world.inhibited_by = Some("Burn");
            },
            "but suppressed: inhibited by Burn",
        ),
        (
            |world| {
                world.until(4, 160.0);
                world.failed = 1.0;
            },
            "Alertmanager tried 1 deliveries to page and all failed",
        ),
        (
            |world| {
                world.until(4, 160.0);
                world.messages.clear();
            },
            "but it has tried no delivery to it: does that receiver have its integration?",
        ),
        (
            |world| {
                world.until(4, 160.0);
                world.messages = vec![
                    ("slack", 136.0, true, "thread"),
                    ("pagerduty", 20.0, true, "incident"),
                ];
            },
            "Errors reached slack, but not page",
        ),
        (
            // All is as the servers are set to, and still too late for the file.
            |world| {
                world.hold = 300;
                world.pending = (6.0, 301.0);
                world.never_fires(4, 185.0);
            },
            "not within 3m of its cause, which `no_later` asks for: `for` is 5m; page's group_wait 10s, group_interval 30s",
        ),
    ]);
}

#[test]
fn names_the_link_on_the_way_to_the_end() {
    all_fail(&[
        (
            |world| {
                world.firing.1 = 300.0;
                world.until(7, 216.0);
            },
            "Errors still fires 1m 16s after its cause was over",
        ),
        (
            |world| {
                world.until(8, 230.0);
                world.messages.truncate(2);
            },
            "is resolved, but its end has not reached page: is send_resolved on?",
        ),
        (
            |world| world.messages.push(("pagerduty", 150.0, true, "another")),
            "2 incidents were opened at page, wanted: 1",
        ),
        (
            |world| {
                world.messages.retain(|message| message.2);
                world.now = 310.0;
            },
            "0 incidents were closed at page, wanted: 1: which alert goes on?",
        ),
        (
            |world| world.fired.push("Stranger"),
            "unexpected: Stranger{job=\"shop\"} fired",
        ),
    ]);
}

#[test]
fn what_is_expected_to_be_held_back_may_be() {
    let mut world = of("
shows: held back
steps:
  - load: { request: GET /, rate: 20 }
  - expect: { alert: Errors, suppressed: must, by: Burn, within: 10s }
");
    world.until(1, 130.0);
    world.inhibited_by = Some("Burn");
    assert_eq!(world.reasons(), "");
    world.inhibited_by = Some("Other");
    assert!(
        world.reasons().contains("inhibited by Other"),
        "{}",
        world.reasons()
    );
    world.inhibited_by = None;
    world.now = 160.0;
    assert!(
        world
            .reasons()
            .contains("is not held back while Burn fires; Burn should inhibit it"),
        "{}",
        world.reasons()
    );
}

#[test]
fn clears_or_stays_silent_without_firing() {
    let mut world = of("
shows: a blip
steps:
  - request: POST /fail
  - expect: { alert: Errors, state: pending, within: 5s }
  - request: POST /succeed
  - expect: { alert: Errors, state: cleared, within: 10s }
  - expect: { alert: Errors, state: silent, for: 60s }
");
    world.reached = vec![0.0, 0.0, 60.0, 60.0, 70.0];
    world.never_fires(4, 125.0);
    (world.pending, world.is_active) = ((6.0, 61.0), false);
    assert_eq!(world.reasons(), "");
    world.is_active = true;
    assert!(
        world
            .reasons()
            .contains("Errors has not cleared 1m 5s after its cause was over"),
        "{}",
        world.reasons()
    );
    world.firing = (110.0, 120.0);
    assert!(
        world
            .reasons()
            .contains("Errors fired, although its cause was over within its `for`"),
        "{}",
        world.reasons()
    );
}

#[test]
fn figures_reach_rise_and_fall() {
    let mut world = of("
shows: figures
steps:
  - load: { request: GET /, rate: 20 }
  - all:
      - { query: depth, at_least: 5, within: 20s }
      - { query: spent, rises_by: 10, within: 20s }
");
    world.reached = vec![0.0, 0.0];
    world.now = 40.0;
    world.figures = vec![
        vec![(0.0, 0.0), (10.0, 6.0), (30.0, 0.0)],
        vec![(0.0, 100.0), (15.0, 110.0)],
    ];
    assert_eq!(world.reasons(), "");
    world.figures[1][1].1 = 109.0;
    assert_eq!(
        world.reasons(),
        "wanted 10 more than before of spent: 100 before, 109 now"
    );
}

#[test]
fn the_heartbeat_is_missed_and_comes_back() {
    let mut world = of("
shows: silence
steps:
  - stop: prometheus
  - expect: { heartbeat: missed, no_later: 2m }
  - start: prometheus
  - expect: { heartbeat: back, within: 20s }
");
    world.reached = vec![0.0, 1.0, 100.0, 101.0];
    world.messages = vec![
        ("dead-mans-switch", 90.0, true, "Watchdog"),
        ("dead-mans-switch", 115.0, false, "Watchdog"),
    ];
    world.now = 120.0;
    assert_eq!(world.reasons(), "");
    world.messages.pop();
    world.now = 145.0;
    assert_eq!(
        world.reasons(),
        "45s after its cause the dead man's switch still raises its alarm"
    );
    world.messages.clear();
    assert!(
        world.reasons().contains("has not raised its alarm"),
        "{}",
        world.reasons()
    );
}

#[test]
fn counters_prove_a_delivery_only_if_nothing_else_raises_them() {
    let mut world = of("
shows: no record
steps:
  - load: { request: GET /, rate: 20 }
  - expect: { alert: Errors, delivered: [page] }
");
    world.until(1, 140.0);
    (world.proof, world.receivers) = (Proof::Counters, vec!["page"]);
    assert_eq!(world.reasons(), "");
    world.receivers = vec!["page", "chat"];
    world.other = Some("Burn");
    assert_eq!(world.reasons(), "", "the other alert goes to chat alone");
    world.drill = "
shows: no record
steps:
  - load: { request: GET /, rate: 20 }
  - expect: { alert: Errors, delivered: [chat] }
";
    assert!(
        world
            .reasons()
            .contains("whether Errors reached chat is not provable"),
        "{}",
        world.reasons()
    );
}
