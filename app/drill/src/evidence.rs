//! What the record says of an alert and of a receiver. Pure: no clock, no network.

use crate::alertmanager::{HeldAlert, Requests};
use crate::deliveries::{DEAD_MANS_SWITCH, Delivery};
use crate::labels::{NAME, Selector};
use crate::moment::Offset;
use crate::prometheus::{Rule, rule_of};
use crate::record::{Facts, Record};

/// What was observed of an alert since a moment. The times of Prometheus are those of its evaluations.
#[derive(Clone, Debug)]
pub(crate) struct Evidence<'a> {
    pub(crate) rule: &'a Rule,
    /// When its expression was first found true.
    pub(crate) true_at: Option<Offset>,
    /// First evaluation of the stretch that led to firing, or of the last stretch.
    pub(crate) pending_at: Option<Offset>,
    pub(crate) firing_at: Option<Offset>,
    /// First evaluation at which it was over, if it is.
    pub(crate) over_at: Option<Offset>,
    /// The first look at which Alertmanager had it.
    pub(crate) held: Option<(Offset, &'a HeldAlert)>,
    /// What holds it back now.
    pub(crate) held_back: Option<HeldBack>,
}

/// What holds an alert back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HeldBack {
    pub(crate) silences: Vec<String>,
    /// Names of alerts.
    pub(crate) inhibitors: Vec<String>,
}

impl HeldBack {
    fn of(alert: &HeldAlert, all: &[HeldAlert]) -> Option<Self> {
        let name = |fingerprint: &String| {
            let mut others = all.iter();
            let inhibitor = others.find(|one| one.fingerprint == *fingerprint);
            let name = inhibitor.and_then(|one| one.labels.get(NAME));
            name.unwrap_or(fingerprint).clone()
        };
        let is_held_back = alert.status.state == "suppressed";
        is_held_back.then(|| Self {
            silences: alert.status.silenced_by.clone(),
            inhibitors: alert.status.inhibited_by.iter().map(name).collect(),
        })
    }
}

impl Record {
    /// What is known of an alert; `None` without a rule.
    pub(crate) fn evidence<'a>(
        &'a self,
        facts: &'a Facts,
        alert: &Selector,
        since: Offset,
    ) -> Option<Evidence<'a>> {
        let rule = facts.rules.get(alert)?;
        let [pending, firing] = [false, true].map(|is_firing| self.times(alert, is_firing));
        let firing_at = firing.iter().copied().find(|at| *at >= since);
        let last_pending = pending.last().copied().filter(|at| *at >= since);
        // Evaluations that are further apart belong to two stretches.
        let gap = rule.interval.mul_f64(2.5);
        let mut pending_at = firing_at.or(last_pending);
        for at in pending.iter().rev().filter(|at| **at >= since) {
            match pending_at {
                Some(next) if *at <= next && next.after(*at) <= gap => pending_at = Some(*at),
                Some(next) if *at <= next => break,
                _ => {}
            }
        }
        let last = pending
            .iter()
            .chain(&firing)
            .copied()
            .reduce(Offset::latest);
        let now = rule_of(&self.rules, alert).filter(|rule| rule.health == "ok");
        let is_over = now.is_some_and(|rule| !rule.is_active(alert));
        let find = |all: &'a [HeldAlert]| {
            let mut known = all.iter().filter(|one| one.status.state != "unprocessed");
            known.find(|one| alert.matches(&one.labels))
        };
        let mut looks = self.held.iter().filter(|(at, _)| *at >= since);
        let last_look = self.held.last();
        let found = self.truths.get(alert).copied().filter(|at| *at >= since);
        let truths = [found, pending_at].into_iter().flatten();
        Some(Evidence {
            rule,
            true_at: truths.reduce(Offset::earliest),
            pending_at,
            firing_at,
            over_at: last.filter(|_| is_over).map(|last| last + rule.interval),
            held: looks.find_map(|(at, all)| Some((*at, find(all)?))),
            held_back: last_look.and_then(|(_, all)| HeldBack::of(find(all)?, all)),
        })
    }

    /// Evaluations at which an alert was pending, or firing.
    fn times(&self, alert: &Selector, is_firing: bool) -> Vec<Offset> {
        let samples = self.samples.iter().filter(|one| one.is_firing == is_firing);
        let mine = samples.filter(|one| alert.matches(&one.labels));
        let mut times: Vec<_> = mine.flat_map(|one| one.at.iter().copied()).collect();
        times.sort_by(|one, other| one.0.total_cmp(&other.0));
        times.into_iter().map(|at| at.since(self.began)).collect()
    }

    /// When an alert was first held back by another, since a moment.
    pub(crate) fn inhibited_at(&self, alert: &Selector, by: &str, since: Offset) -> Option<Offset> {
        let is_inhibited = |all: &[HeldAlert]| {
            let mine = all.iter().filter(|one| alert.matches(&one.labels));
            let held_back = mine.filter_map(|one| HeldBack::of(one, all));
            held_back
                .flat_map(|own| own.inhibitors)
                .any(|name| name == by)
        };
        let mut looks = self.held.iter().filter(|(at, _)| *at >= since);
        looks.find_map(|(at, all)| is_inhibited(all).then_some(*at))
    }

    /// Messages to a receiver of Alertmanager, with their times.
    fn messages<'a>(
        &'a self,
        facts: &'a Facts,
        receiver: &'a str,
    ) -> impl Iterator<Item = (Offset, &'a Delivery)> {
        let integrations = facts.routing.integrations(receiver);
        let all = self.deliveries.iter();
        let mine = all.filter(move |one| one.came_to(receiver, integrations));
        mine.map(|one| (one.at.since(self.began), one))
    }

    /// When a receiver was told that an alert fires that has fired since then, and that it is over.
    pub(crate) fn told(
        &self,
        facts: &Facts,
        alert: &Selector,
        receiver: &str,
        since: Offset,
    ) -> (Option<Offset>, Option<Offset>) {
        let mut mine = self
            .messages(facts, receiver)
            .filter(|(at, _)| *at >= since);
        let Some((first, told)) = mine.find(|(_, one)| one.says(alert) == Some(true)) else {
            return (None, None);
        };
        let is_end = |one: &Delivery| one.key == told.key && one.says(alert) == Some(false);
        (
            Some(first),
            mine.find_map(|(at, one)| is_end(one).then_some(at)),
        )
    }

    /// Who else was told that an alert fires.
    pub(crate) fn told_elsewhere(&self, facts: &Facts, alert: &Selector, receiver: &str) -> String {
        let integrations = facts.routing.integrations(receiver);
        let told = self
            .deliveries
            .iter()
            .filter(|one| one.says(alert) == Some(true));
        let others = told.filter(|one| !one.came_to(receiver, integrations));
        let mut names: Vec<_> = others.map(Delivery::way).collect();
        names.dedup();
        names.join(", ")
    }

    /// Requests to a receiver between two moments.
    pub(crate) fn requests(
        &self,
        facts: &Facts,
        receiver: &str,
        (from, to): (Offset, Offset),
    ) -> Requests {
        let sum_at = |moment: Offset| {
            let look = self.counters.iter().rev().find(|(at, _)| *at <= moment);
            let counters = look.or(self.counters.first()).into_iter();
            let counters = counters.flat_map(|(_, counters)| counters);
            let mine = counters.filter(|((integration, name), _)| {
                let is_its = name == receiver || name.is_empty();
                is_its && facts.routing.integrations(receiver).contains(integration)
            });
            mine.map(|(_, one)| *one)
                .fold(Requests::default(), Requests::plus)
        };
        sum_at(to).since(sum_at(from))
    }

    /// When the first successful request to a receiver was counted after a moment.
    pub(crate) fn counted(&self, facts: &Facts, receiver: &str, after: Offset) -> Option<Offset> {
        let mut looks = self.counters.iter().map(|(at, _)| *at);
        looks.find(|at| {
            let own = self.requests(facts, receiver, (after, *at));
            *at > after && own.made > own.failed
        })
    }

    /// Whether other alerts may have raised the counters that speak for a receiver.
    pub(crate) fn is_counter_shared(
        &self,
        facts: &Facts,
        alert: &Selector,
        receiver: &str,
    ) -> bool {
        let integrations = facts.routing.integrations(receiver);
        let keys = self
            .counters
            .last()
            .into_iter()
            .flat_map(|(_, own)| own.keys());
        let mut mine = keys.filter(|(integration, _)| integrations.contains(integration));
        let shares = |name: &str| {
            let mut theirs = facts.routing.integrations(name).iter();
            theirs.any(|own| integrations.contains(own))
        };
        let held = self.held.iter().flat_map(|(_, all)| all);
        let others = held.filter(|one| !alert.matches(&one.labels));
        let mut receivers = others.flat_map(|one| &one.receivers);
        mine.all(|(_, name)| name.is_empty()) && receivers.any(|own| shares(&own.name))
    }

    /// When incidents were opened at a receiver, and closed; one for each key of a group at a time.
    pub(crate) fn incidents(&self, facts: &Facts, receiver: &str) -> (Vec<Offset>, Vec<Offset>) {
        let mut open = Vec::new();
        let (mut opened, mut closed) = (Vec::new(), Vec::new());
        for (at, one) in self.messages(facts, receiver).filter(|(at, _)| at.0 >= 0.0) {
            match (one.is_firing, open.iter().position(|key| *key == &one.key)) {
                (true, None) => {
                    open.push(&one.key);
                    opened.push(at);
                }
                (false, Some(place)) => {
                    open.swap_remove(place);
                    closed.push(at);
                }
                _ => {}
            }
        }
        (opened, closed)
    }

    /// When the dead man's switch raised its alarm since then, or took it back.
    pub(crate) fn alarm(&self, since: Offset, is_raised: bool) -> Option<Offset> {
        let alarms = self
            .deliveries
            .iter()
            .filter(|one| one.integration == DEAD_MANS_SWITCH);
        let mine = alarms.filter(|one| one.is_firing == is_raised);
        let mut times = mine.map(|one| one.at.since(self.began));
        times.find(|at| *at >= since)
    }
}
