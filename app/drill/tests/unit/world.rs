//! A record made by hand, of a drill that passes; changing it breaks a link.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::alertmanager::{Counters, HeldAlert, Named, Requests, Routing, Status};
use crate::deliveries::Delivery;
use crate::file::Drill;
use crate::judge::{Row, rows};
use crate::labels::{Labels, NAME, Selector};
use crate::moment::{Moment, Offset, Window};
use crate::prometheus::{Active, AlertSamples, Rule};
use crate::record::{Case, Facts, Proof, Record};

pub(super) const DRILL: &str = "
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
pub(super) const REACHED: [f64; 10] =
    [0.0, 0.0, 5.0, 6.0, 126.0, 136.0, 140.0, 140.0, 181.0, 200.0];

pub(super) const ROUTING: &str = "
route: { receiver: chat, group_by: [alertname], group_wait: 10s, group_interval: 30s, routes: [{ receiver: page, group_by: [job] }] }
receivers:
  - { name: chat, slack_configs: [{}] }
  - { name: page, pagerduty_configs: [{}] }
  - { name: hook, webhook_configs: [{}] }
";

/// What is observed, in seconds since the drill began.
pub(super) struct World {
    pub(super) drill: &'static str,
    pub(super) reached: Vec<f64>,
    pub(super) hold: u64,
    pub(super) true_at: Option<f64>,
    pub(super) pending: (f64, f64),
    pub(super) firing: (f64, f64),
    pub(super) is_active: bool,
    /// From when on Alertmanager has it, and what holds it back.
    pub(super) held_at: f64,
    pub(super) receivers: Vec<&'static str>,
    pub(super) silenced_by: Vec<String>,
    pub(super) inhibited_by: Option<&'static str>,
    /// Integration, moment, whether it fires, key.
    pub(super) messages: Vec<(&'static str, f64, bool, &'static str)>,
    pub(super) failed: f64,
    pub(super) fired: Vec<&'static str>,
    pub(super) figures: Vec<Vec<(f64, f64)>>,
    pub(super) proof: Proof,
    pub(super) other: Option<&'static str>,
    pub(super) troubles: Vec<String>,
    pub(super) now: f64,
}

pub(super) fn good() -> World {
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
pub(super) fn of(drill: &'static str) -> World {
    World {
        drill,
        fired: Vec::new(),
        ..good()
    }
}

pub(super) fn at(seconds: f64) -> Moment {
    Moment(1000.0 + seconds)
}

pub(super) fn labels(name: &str) -> Labels {
    [(NAME, name), ("job", "shop")]
        .map(|(name, value)| (name.into(), value.into()))
        .into()
}

impl World {
    /// As it stood when the drill had come to this step, at that moment.
    pub(super) fn until(&mut self, step: usize, now: f64) {
        self.reached.truncate(step + 1);
        self.messages.retain(|message| message.1 <= now);
        self.now = now;
        if self.firing.1 > now - 5.0 {
            self.is_active = true;
        }
    }

    pub(super) fn never_fires(&mut self, step: usize, now: f64) {
        self.until(step, now);
        self.firing = (0.0, -1.0);
        self.held_at = f64::MAX;
        self.messages.clear();
    }

    /// What Alertmanager has, once it has it.
    pub(super) fn held(&self) -> Vec<(Offset, Vec<HeldAlert>)> {
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

    pub(super) fn record(&self, drill: &Drill) -> Record {
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

    pub(super) fn rows(&self) -> Vec<Row> {
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

    pub(super) fn reasons(&self) -> String {
        let rows = self.rows();
        let reasons: Vec<_> = rows
            .iter()
            .filter_map(Row::failure)
            .map(String::as_str)
            .collect();
        reasons.join("\n")
    }
}

pub(super) fn errors() -> Selector {
    Selector {
        name: "Errors".into(),
        ..Selector::default()
    }
}

pub(super) fn rule(hold: u64) -> Rule {
    Rule {
        labels: [(NAME.into(), "Errors".into())].into(),
        hold: Duration::from_secs(hold),
        interval: Duration::from_secs(5),
        health: "ok".into(),
        ..Rule::default()
    }
}

/// A change of the good record, and the words that it must lead to.
pub(super) type Broken = (fn(&mut World), &'static str);

pub(super) fn all_fail(cases: &[Broken]) {
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
