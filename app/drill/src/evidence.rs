//! What the record says of an alert and of a receiver. Pure: no clock, no network.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use crate::alertmanager::{HeldAlert, Requests, Route, Routing};
use crate::deliveries::{DEAD_MANS_SWITCH, Delivery};
use crate::labels::{NAME, Selector};
use crate::moment::{Moment, Offset};
use crate::prometheus::{Rule, rule_of};
use crate::record::{Case, Facts, Record};

/// What was observed of an alert since a moment. The times of Prometheus are those of its evaluations.
pub(crate) struct Evidence<'a> {
    pub(crate) alert: Selector,
    pub(crate) rule: &'a Rule,
    pub(crate) true_at: Option<Offset>,
    /// First evaluation of the stretch that led to firing, or of the last stretch.
    pub(crate) pending_at: Option<Offset>,
    pub(crate) firing_at: Option<Offset>,
    /// First evaluation at which it was over, if it is.
    pub(crate) over_at: Option<Offset>,
    /// The first look at which Alertmanager had it.
    pub(crate) held: Option<(Offset, &'a HeldAlert)>,
    pub(crate) held_back: Option<HeldBack>,
}

/// What holds an alert back: silences, and names of alerts that inhibit it.
pub(crate) struct HeldBack(pub(crate) Vec<String>, pub(crate) Vec<String>);

impl HeldBack {
    fn of(alert: &HeldAlert, all: &[HeldAlert]) -> Option<Self> {
        let name = |fingerprint: &String| {
            let inhibitor = all.iter().find(|one| one.fingerprint == *fingerprint);
            let name = inhibitor.and_then(|one| one.labels.get(NAME));
            name.unwrap_or(fingerprint).clone()
        };
        let status = &alert.status;
        let inhibitors = status.inhibited_by.iter().map(name).collect();
        let is_held_back = status.state == "suppressed";
        is_held_back.then(|| Self(status.silenced_by.clone(), inhibitors))
    }
}

impl fmt::Display for HeldBack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (silences, inhibitors) = (self.0.join(", "), self.1.join(", "));
        match (self.0.len(), self.1.len()) {
            (0, 0) => f.write_str("muted by a time interval"),
            (_, 0) => write!(f, "silenced by {silences}"),
            (0, _) => write!(f, "inhibited by {inhibitors}"),
            _ => write!(f, "silenced by {silences} and inhibited by {inhibitors}"),
        }
    }
}

impl<'a> Case<'a> {
    pub(crate) fn evidence(&self, alert: Selector, since: Offset) -> Evidence<'a> {
        let Case { facts, record, .. } = *self;
        // No drill is played or foreseen before each of its alerts has a rule.
        let rule = &facts.rules[&alert];
        let samples = record.samples.iter();
        let mine = samples.filter(|one| alert.matches(&one.labels));
        let since_began = |at: &Moment| at.since(record.began);
        let times = mine.flat_map(|one| one.at.iter().map(|at| (since_began(at), one.is_firing)));
        let mut times: Vec<_> = times.collect();
        times.sort_by(|(one, _), (other, _)| one.0.total_cmp(&other.0));
        let last = times.last().map(|(at, _)| *at);
        let is_since = |at: &Offset| *at >= since;
        let of = |is_firing| {
            let mine = times.iter().filter(move |(_, own)| *own == is_firing);
            mine.map(|(at, _)| *at).filter(is_since)
        };
        let firing_at = of(true).next();
        let mut pending = of(false).rev().peekable();
        // Evaluations that are further apart belong to two stretches.
        let gap = rule.interval.mul_f64(2.5);
        let earlier = |next: Offset, at| {
            let is_before = at <= next && next.after(at) <= gap;
            if is_before { at } else { next }
        };
        let ends = firing_at.or(pending.peek().copied());
        let pending_at = ends.map(|end| pending.fold(end, earlier));
        let now = rule_of(&record.rules, &alert).filter(|rule| rule.health == "ok");
        let is_over = now.is_some_and(|rule| !rule.is_active(&alert));
        let find = |all: &'a [HeldAlert]| {
            let mut known = all.iter().filter(|one| one.status.state != "unprocessed");
            known.find(|one| alert.matches(&one.labels))
        };
        let mut looks = record.held.iter().filter(|(at, _)| is_since(at));
        let last_look = record.held.last();
        let found = record.truths.get(&alert).copied().filter(is_since);
        let truths = [found, pending_at].into_iter().flatten();
        Evidence {
            rule,
            true_at: truths.min_by(|one, other| one.0.total_cmp(&other.0)),
            pending_at,
            firing_at,
            over_at: last.filter(|_| is_over).map(|last| last + rule.interval),
            held: looks.find_map(|(at, all)| Some((*at, find(all)?))),
            held_back: last_look.and_then(|(_, all)| HeldBack::of(find(all)?, all)),
            alert,
        }
    }
}

pub(crate) fn not_held(alert: &str) -> String {
    format!(
        "{alert} fires in Prometheus but is not in Alertmanager: look at `alerting` in prometheus.yml and at \
         prometheus_notifications_errors_total"
    )
}

impl Record {
    pub(crate) fn inhibited_at(&self, alert: &Selector, by: &str, since: Offset) -> Option<Offset> {
        let is_inhibited = |all: &[HeldAlert]| {
            let mine = all.iter().filter(|one| alert.matches(&one.labels));
            let mut held_back = mine.filter_map(|one| HeldBack::of(one, all));
            held_back.any(|own| own.1.iter().any(|name| name == by))
        };
        let mut looks = self.held.iter().filter(|(at, _)| *at >= since);
        looks.find_map(|(at, all)| is_inhibited(all).then_some(*at))
    }

    /// When the dead man's switch raised its alarm since then, or took it back.
    pub(crate) fn alarm(&self, since: Offset, is_raised: bool) -> Option<Offset> {
        let is_it =
            |one: &&Delivery| one.integration == DEAD_MANS_SWITCH && one.is_firing == is_raised;
        let mine = self.deliveries.iter().filter(is_it);
        let mut times = mine.map(|one| one.at.since(self.began));
        times.find(|at| *at >= since)
    }

    pub(crate) fn receiver<'a>(&'a self, facts: &'a Facts, name: &'a str) -> Receiver<'a> {
        Receiver {
            record: self,
            routing: &facts.routing,
            integrations: facts.routing.integrations(name),
            name,
        }
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Receiver<'a> {
    record: &'a Record,
    routing: &'a Routing,
    integrations: &'a [String],
    pub(crate) name: &'a str,
}

impl<'a> Receiver<'a> {
    pub(crate) fn longest(self, time: fn(&Route) -> Duration) -> Duration {
        let routes = self.routing.to(self.name);
        routes.map(time).max().unwrap_or_default()
    }

    fn messages(self) -> impl Iterator<Item = (Offset, &'a Delivery)> {
        let all = self.record.deliveries.iter();
        let mine = all.filter(move |one| one.came_to(self.name, self.integrations));
        mine.map(move |one| (one.at.since(self.record.began), one))
    }

    /// When it was told that an alert fires that has fired since then, and that it is over.
    pub(crate) fn told(self, alert: &Selector, since: Offset) -> (Option<Offset>, Option<Offset>) {
        let mut mine = self.messages().filter(|(at, _)| *at >= since);
        let Some((first, told)) = mine.find(|(_, one)| one.says(alert) == Some(true)) else {
            return (None, None);
        };
        let is_end = |one: &Delivery| one.group() == told.group() && one.says(alert) == Some(false);
        let end = mine.find(|(_, one)| is_end(one));
        (Some(first), end.map(|(at, _)| at))
    }

    pub(crate) fn told_elsewhere(self, alert: &Selector) -> String {
        let told = self.record.deliveries.iter();
        let told = told.filter(|one| {
            one.says(alert) == Some(true) && !one.came_to(self.name, self.integrations)
        });
        let names = told.map(|one| format!("{}{}", one.receiver, one.integration));
        let mut names: Vec<_> = names.collect();
        names.dedup();
        names.join(", ")
    }

    pub(crate) fn requests(self, from: Offset, to: Offset) -> Requests {
        let looks = &self.record.counters;
        let sum_at = |moment: Offset| {
            let look = looks.iter().rev().find(|(at, _)| *at <= moment);
            let counters = look.or(looks.first()).into_iter().flat_map(|(_, own)| own);
            let mine = counters.filter(|((integration, name), _)| {
                (name == self.name || name.is_empty()) && self.integrations.contains(integration)
            });
            mine.fold(Requests::default(), |sum, (_, own)| sum.plus(*own))
        };
        sum_at(to).since(sum_at(from))
    }

    /// When the first successful request to it was counted after a moment.
    pub(crate) fn counted(self, after: Offset) -> Option<Offset> {
        let mut looks = self.record.counters.iter().map(|(at, _)| *at);
        looks.find(|at| {
            let own = self.requests(after, *at);
            *at > after && own.made > own.failed
        })
    }

    /// Whether other alerts may have raised the counters that speak for it.
    pub(crate) fn is_counter_shared(self, alert: &Selector) -> bool {
        let counters = self.record.counters.last().into_iter();
        let keys = counters.flat_map(|(_, own)| own.keys());
        let mut mine = keys.filter(|(integration, _)| self.integrations.contains(integration));
        let shares = |name: &str| {
            let mut theirs = self.routing.integrations(name).iter();
            theirs.any(|own| self.integrations.contains(own))
        };
        let held = self.record.held.iter().flat_map(|(_, all)| all);
        let others = held.filter(|one| !alert.matches(&one.labels));
        let mut receivers = others.flat_map(|one| &one.receivers);
        mine.all(|(_, name)| name.is_empty()) && receivers.any(|own| shares(&own.name))
    }

    /// When incidents were opened at it, or closed; one for each key of a group at a time.
    pub(crate) fn incidents(self, is_opened: bool) -> Vec<Offset> {
        let mut open = BTreeSet::new();
        let mut changes = |one: &'a Delivery| {
            let key = one.group();
            if one.is_firing {
                open.insert(key)
            } else {
                open.remove(key)
            }
        };
        let mut all: Vec<_> = self.messages().collect();
        all.retain(|(at, one)| at.0 >= 0.0 && changes(one) && one.is_firing == is_opened);
        all.into_iter().map(|(at, _)| at).collect()
    }

    /// How long a message about an alert may take at least and at most. A group that is there already is told of it when
    /// its interval is over, and that may be at once.
    pub(crate) fn group_times(self, own: &Evidence<'_>) -> (Duration, Duration) {
        let wait = self.longest(|route| route.group_wait);
        let interval = self.longest(|route| route.group_interval);
        let mut routes = self.routing.to(self.name);
        let Some((seen, mine)) = own.held else {
            let may_join = routes.any(Route::groups_alerts);
            return (wait, if may_join { wait.max(interval) } else { wait });
        };
        let looks = self.record.held.iter();
        let looks = looks.filter(|(at, _)| *at <= seen && *at + interval >= seen);
        let others = looks.flat_map(|(_, all)| all);
        let mut others =
            others.filter(|one| one.is_for(self.name) && !own.alert.matches(&one.labels));
        if others.any(|one| routes.any(|route| route.groups(&one.labels, &mine.labels))) {
            return (Duration::ZERO, wait.max(interval));
        }
        (wait, wait)
    }
}
