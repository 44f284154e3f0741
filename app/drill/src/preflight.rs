//! Is everything as a drill needs it? What the servers are set to, or what stands in the way.

use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use loadgen::target::Server;

use crate::alertmanager::{Alertmanager, HeldAlert, Silence};
use crate::deliveries::Pager;
use crate::error::Error;
use crate::file::{Action, Drill};
use crate::labels::{NAME, Selector, agree};
use crate::moment::{Moment, Offset};
use crate::prometheus::{Prometheus, Rule, rule_of};
use crate::reasons::not_in_alertmanager;
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

/// What the servers are set to, and everything that stands in the way of a drill.
pub(crate) fn look(drill: &Drill, servers: &Servers) -> Result<(Facts, Obstacles), Error> {
    let loaded = servers.prometheus.rules()?;
    let alerts = drill.alerts().into_iter();
    let rules = alerts.filter_map(|alert| Some((alert.clone(), rule_of(&loaded, &alert)?.clone())));
    let mut facts = Facts {
        rules: rules.collect(),
        routing: servers.alertmanager.routing()?,
        resend_delay: servers.prometheus.resend_delay()?,
        alarm_after: None,
        proof: servers.proof(),
    };
    let mut found = Obstacles::default();
    of_rules(drill, &facts, &mut found);
    of_prometheus(drill, &servers.prometheus, &mut found.passing)?;
    if let Some(pager) = &servers.pager {
        let heartbeat = pager.heartbeat()?;
        facts.alarm_after = Some(Duration::from_secs_f64(heartbeat.alarm_after_seconds));
        of_pager(pager, &heartbeat.state, &mut found)?;
        found.passing.extend(still_open(drill, pager, &facts)?);
    }
    found.passing.extend(no_target(drill, &servers.target));
    let held = servers.alertmanager.alerts()?;
    found.passing.extend(not_sent(&loaded, &held));
    of_alertmanager(drill, &servers.alertmanager, &facts, &mut found)?;
    Ok((facts, found))
}

fn of_rules(drill: &Drill, facts: &Facts, found: &mut Obstacles) {
    let Obstacles { passing, lasting } = found;
    for alert in drill.alerts() {
        let rule = facts.rules.get(&alert);
        match rule.map(|rule| (rule.health.as_str(), rule)) {
            None => lasting.push(format!(
                "no rule {alert} in Prometheus: renamed or not loaded"
            )),
            Some(("ok", rule)) if rule.is_active(&alert) => {
                passing.push(format!("{alert} is pending or firing already"));
            }
            Some(("ok", _)) => {}
            Some(("unknown", _)) => passing.push(format!("{alert} is not evaluated yet")),
            Some((_, Rule { last_error, .. })) => {
                lasting.push(format!("rule {alert} is not healthy: {last_error}"));
            }
        }
    }
    let known = &facts.routing.receivers;
    for receiver in drill.receivers() {
        if !known.contains_key(receiver) {
            let known = known.keys().cloned().collect::<Vec<_>>().join(", ");
            let text = format!("Alertmanager has no receiver {receiver}, it has {known}: renamed?");
            lasting.push(text);
        }
    }
}

fn of_prometheus(drill: &Drill, own: &Prometheus, passing: &mut Vec<String>) -> Result<(), Error> {
    if own.alertmanagers()? == 0 {
        let text = "Prometheus has found no Alertmanager: look at `alerting` in prometheus.yml";
        passing.push(text.into());
    }
    for need in drill.needs.iter().map(|need| &need.value) {
        let query = need.query.as_deref().unwrap_or_default();
        let value = own.value(query)?;
        if !value.is_some_and(|value| need.holds(None, value)) {
            let (wanted, value) = (need.bounds(), value.unwrap_or(f64::NAN));
            passing.push(format!("needed: {query} {wanted}, it is {value}"));
        }
    }
    Ok(())
}

fn of_pager(pager: &Pager, heartbeat: &str, found: &mut Obstacles) -> Result<(), Error> {
    if heartbeat != "beating" {
        let text = format!("the heartbeat at pager is {heartbeat}: does Watchdog reach it?");
        found.passing.push(text);
    }
    for endpoint in pager.outages()? {
        let url = format!("{}/outage/{endpoint}", pager.0);
        let text = format!("pager was told to fail {endpoint}: curl -X DELETE {url}");
        found.lasting.push(text);
    }
    Ok(())
}

/// Only what a load or a request is sent to must answer.
fn no_target(drill: &Drill, target: &Server) -> Option<String> {
    let mut actions = drill.steps.iter().map(|step| &step.value);
    let is_asked = actions.any(|own| matches!(own, Action::Load(_) | Action::Request(_)));
    let target = target.authority();
    let mut addresses = target.to_socket_addrs().into_iter().flatten();
    let mut answers = || addresses.any(|own| TcpStream::connect_timeout(&own, PATIENCE).is_ok());
    let fails = is_asked && !answers();
    fails.then(|| format!("the target {target} does not accept connections"))
}

/// The first alert that fires and has not come to Alertmanager.
fn not_sent(rules: &[Rule], held: &[HeldAlert]) -> Option<String> {
    let held: Vec<_> = held.iter().map(|own| own.labels.get(NAME)).collect();
    let mut firing = firing(rules).into_iter().map(|own| own.get(NAME));
    let lost = firing.find(|name| !held.contains(name))?;
    lost.map(|name| not_in_alertmanager(name))
}

/// It doesn't hold the drill's alerts or their groups, and nothing silences them.
fn of_alertmanager(
    drill: &Drill,
    alertmanager: &Alertmanager,
    facts: &Facts,
    found: &mut Obstacles,
) -> Result<(), Error> {
    let (groups, silences) = (alertmanager.groups()?, alertmanager.silences()?);
    let Obstacles { passing, lasting } = found;
    for (alert, rule) in &facts.rules {
        let mut labels = rule.labels.clone();
        labels.extend(alert.labels.clone());
        let told = receivers(drill, alert);
        for group in &groups {
            let receiver = &group.receiver.name;
            let is_held = group.alerts.iter().any(|own| alert.matches(&own.labels));
            if is_held || told.contains(&receiver) && agree(&labels, &group.labels) {
                let held = group.alerts.iter().filter_map(|own| own.labels.get(NAME));
                let held = held.cloned().collect::<Vec<_>>().join(", ");
                let text = format!("the group of {alert} at {receiver} is there already: {held}");
                passing.push(text);
            }
        }
        for Silence {
            id,
            created_by,
            matchers,
            ..
        } in &silences
        {
            if matchers.iter().all(|own| own.may_match(&labels)) {
                lasting.push(format!(
                    "silence {id} of {created_by} may hold {alert} back: amtool silence expire {id}"
                ));
            }
        }
    }
    Ok(())
}

/// The receivers that an alert is to be told to.
fn receivers<'a>(drill: &'a Drill, alert: &Selector) -> Vec<&'a String> {
    let mut all: Vec<_> = drill.expectations().map(|(_, own)| own).collect();
    all.retain(|own| own.alert().as_ref() == Some(alert));
    all.iter()
        .flat_map(|own| own.delivered.iter().flatten())
        .collect()
}

/// Nobody was told of the drill's alerts without being told of the end.
fn still_open(drill: &Drill, pager: &Pager, facts: &Facts) -> Result<Vec<String>, Error> {
    let mut record = Record::of(drill);
    record.deliveries = pager.deliveries(Moment(record.began.0 - LONG_AGO))?;
    let mut found = Vec::new();
    for alert in facts.rules.keys() {
        for receiver in receivers(drill, alert) {
            let mut told = record.told(facts, alert, receiver, Offset(-LONG_AGO));
            while let (_, Some(end)) = told {
                told = record.told(facts, alert, receiver, end + Duration::from_millis(1));
            }
            found.extend(told.0.map(|told| {
                let ago = -told.0 / 60.0;
                format!("told {receiver} of {alert} {ago:.0} min ago, and not of its end")
            }));
        }
    }
    Ok(found)
}
