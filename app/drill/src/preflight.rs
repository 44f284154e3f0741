//! Is everything as a drill needs it? What the servers are set to, or what stands in the way.

use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use crate::alertmanager::{Group, Silence};
use crate::error::Result;
use crate::evidence::{Receiver, not_held};
use crate::file::{Action, Drill, Expectation};
use crate::labels::{NAME, Selector, agree};
use crate::moment::{Moment, Offset};
use crate::prometheus::{Rule, rule_of};
use crate::record::{Facts, Record};
use crate::servers::{Servers, firing};

/// How far back an incident may have been opened that is open still.
const LONG_AGO: f64 = 24.0 * 3600.0;
/// How long a target may take to accept a connection.
const PATIENCE: Duration = Duration::from_secs(2);

/// What stands in the way of a drill: what passes by itself, and what doesn't.
#[derive(Debug, Default)]
pub(crate) struct Obstacles {
    pub(crate) passing: Vec<String>,
    pub(crate) lasting: Vec<String>,
}

pub(crate) fn look(drill: &Drill, servers: &Servers) -> Result<(Facts, Obstacles)> {
    let loaded = servers.prometheus.rules()?;
    let rules = drill.alerts().into_iter().filter_map(|alert| {
        let mut rule = rule_of(&loaded, &alert)?.clone();
        rule.labels.extend(alert.labels.clone());
        Some((alert, rule))
    });
    let mut found = Obstacles::default();
    let facts = Facts {
        rules: rules.collect(),
        routing: servers.alertmanager.routing()?,
        resend_delay: servers.prometheus.resend_delay()?,
        alarm_after: of_servers(drill, servers, &mut found)?,
        proof: servers.proof(),
    };
    let Obstacles { passing, lasting } = &mut found;
    let known: Vec<_> = facts.routing.receivers.keys().map(String::as_str).collect();
    let mut unknown = drill.receivers();
    unknown.retain(|own| !known.contains(&own.as_str()));
    lasting.extend(unknown.iter().map(|own| {
        let known = known.join(", ");
        format!("Alertmanager has no receiver {own}, it has {known}: renamed?")
    }));
    let mut before = Record::of(drill);
    if let Some(pager) = &servers.pager {
        before.deliveries = pager.deliveries(Moment(before.began.0 - LONG_AGO))?;
    }
    let groups = servers.alertmanager.groups()?;
    passing.extend(not_sent(&loaded, &groups));
    let silences = servers.alertmanager.silences()?;
    for alert in &drill.alerts() {
        let Some(rule) = facts.rules.get(alert) else {
            let text = format!("no rule {alert} in Prometheus: renamed or not loaded");
            lasting.push(text);
            continue;
        };
        match rule.health.as_str() {
            "ok" if !rule.is_active(alert) => {}
            "ok" => passing.push(format!("{alert} is pending or firing already")),
            "unknown" => passing.push(format!("{alert} is not evaluated yet")),
            _ => lasting.push(format!("rule {alert} is not healthy: {}", rule.last_error)),
        }
        let all = drill.expectations().map(|(_, own)| own);
        let mine = all.filter(|own| own.alert().as_ref() == Some(alert));
        let told = mine.flat_map(|own| own.delivered.iter().flatten());
        let told: Vec<_> = told.collect();
        let mine = groups.iter();
        passing.extend(mine.filter_map(|own| held(alert, rule, &told, own)));
        let receivers = told.iter().map(|own| before.receiver(&facts, own));
        passing.extend(receivers.filter_map(|own| open(own, alert)));
        lasting.extend(silences.iter().filter_map(|own| silenced(alert, rule, own)));
    }
    Ok((facts, found))
}

/// Checks the servers themselves and `needs`; says how long without a beat raises the alarm.
fn of_servers(drill: &Drill, servers: &Servers, found: &mut Obstacles) -> Result<Option<Duration>> {
    let Obstacles { passing, lasting } = found;
    if servers.prometheus.alertmanagers()? == 0 {
        let text = "Prometheus has found no Alertmanager: look at `alerting` in prometheus.yml";
        passing.push(text.into());
    }
    for need in &drill.needs {
        let (query, wanted) = (&need.value.query, Expectation::from(need.value.clone()));
        let value = servers.prometheus.value(query)?;
        if !value.is_some_and(|value| wanted.holds(None, value)) {
            let value = value.map_or(f64::NAN, |value| (value * 10.0).round() / 10.0);
            let wanted = wanted.bounds();
            passing.push(format!("needed: {query} {wanted}, it is {value}"));
        }
    }
    // Only what a load or a request is sent to must answer.
    let mut actions = drill.steps.iter().map(|step| &step.value);
    let target = servers.target.authority();
    let mut addresses = target.to_socket_addrs().into_iter().flatten();
    if actions.any(|own| matches!(own, Action::Load(_) | Action::Request(_)))
        && !addresses.any(|own| TcpStream::connect_timeout(&own, PATIENCE).is_ok())
    {
        passing.push(format!("the target {target} does not accept connections"));
    }
    let Some(pager) = &servers.pager else {
        return Ok(None);
    };
    let heartbeat = pager.heartbeat()?;
    if heartbeat.state != "beating" {
        let state = heartbeat.state;
        let text = format!("the heartbeat at pager is {state}: does Watchdog reach it?");
        passing.push(text);
    }
    lasting.extend(pager.outages()?.iter().map(|endpoint| {
        let url = format!("{}/outage/{endpoint}", pager.0.base);
        format!("pager was told to fail {endpoint}: curl -X DELETE {url}")
    }));
    Ok(Some(Duration::from_secs_f64(heartbeat.alarm_after_seconds)))
}

/// The first alert that fires and has not come to Alertmanager.
fn not_sent(rules: &[Rule], groups: &[Group]) -> Option<String> {
    let held = groups.iter().flat_map(|group| &group.alerts);
    let held: Vec<_> = held.filter_map(|own| own.labels.get(NAME)).collect();
    let mut firing = firing(rules).into_iter().filter_map(|own| own.get(NAME));
    Some(not_held(firing.find(|name| !held.contains(name))?))
}

/// A group that holds an alert, or that it would be told of with.
fn held(alert: &Selector, rule: &Rule, told: &[&String], group: &Group) -> Option<String> {
    let receiver = &group.receiver.name;
    let is_held = group.alerts.iter().any(|own| alert.matches(&own.labels));
    let is_joined = told.contains(&receiver) && agree(&rule.labels, &group.labels);
    let held = group.alerts.iter().filter_map(|own| own.labels.get(NAME));
    let held = held.cloned().collect::<Vec<_>>().join(", ");
    let text = || format!("the group of {alert} at {receiver} is there already: {held}");
    (is_held || is_joined).then(text)
}

fn silenced(alert: &Selector, rule: &Rule, silence: &Silence) -> Option<String> {
    let (id, author) = (&silence.id, &silence.created_by);
    let mut matchers = silence.matchers.iter();
    let text =
        || format!("silence {id} of {author} may hold {alert} back: amtool silence expire {id}");
    matchers.all(|own| own.may_match(&rule.labels)).then(text)
}

/// A receiver that was told of an alert without being told of the end.
fn open(receiver: Receiver<'_>, alert: &Selector) -> Option<String> {
    let mut told = receiver.told(alert, Offset(-LONG_AGO));
    while let (_, Some(end)) = told {
        told = receiver.told(alert, end + Duration::from_millis(1));
    }
    let (name, ago) = (receiver.name, -told.0?.0 / 60.0);
    let text = format!("told {name} of {alert} {ago:.0} min ago, and not of its end");
    Some(text)
}
