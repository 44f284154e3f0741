//! Is everything as a drill needs it? What the servers are set to, or what stands in the way.

use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use crate::error::Error;
use crate::file::{Action, Drill};
use crate::labels::{NAME, Selector, agree};
use crate::moment::{Moment, Offset};
use crate::prometheus::{Rule, rule_of};
use crate::reasons::not_in_alertmanager;
use crate::record::{Facts, Record};
use crate::servers::Servers;

/// How far back an incident may have been opened that is open still.
const LONG_AGO: f64 = 24.0 * 3600.0;
/// How long a target may take to accept a connection.
const PATIENCE: Duration = Duration::from_secs(2);

/// What stands in the way of a drill: what passes by itself, and what doesn't.
#[derive(Clone, Debug, Default)]
pub(crate) struct Obstacles {
    pub(crate) passing: Vec<String>,
    pub(crate) lasting: Vec<String>,
}

/// What the servers are set to, and everything that stands in the way of a drill.
pub(crate) fn look(drill: &Drill, servers: &Servers) -> Result<(Facts, Obstacles), Error> {
    let mut found = Obstacles::default();
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
    for alert in &drill.alerts() {
        of_rule(alert, facts.rules.get(alert), &mut found);
    }
    for receiver in drill.receivers() {
        if !facts.routing.receivers.contains_key(receiver) {
            let known: Vec<_> = facts.routing.receivers.keys().map(String::as_str).collect();
            let known = known.join(", ");
            let text = format!("Alertmanager has no receiver {receiver}, it has {known}: renamed?");
            found.lasting.push(text);
        }
    }
    if servers.prometheus.alertmanagers()? == 0 {
        let text = "Prometheus has found no Alertmanager: look at `alerting` in prometheus.yml";
        found.passing.push(text.into());
    }
    for need in drill.needs.iter().map(|need| &need.value) {
        let query = need.query.as_deref().unwrap_or_default();
        let value = servers.prometheus.value(query)?;
        if !value.is_some_and(|value| need.holds(None, value)) {
            let (wanted, value) = (need.bounds(), value.unwrap_or(f64::NAN));
            found
                .passing
                .push(format!("needed: {query} {wanted}, it is {value}"));
        }
    }
    if let Some(pager) = &servers.pager {
        let heartbeat = pager.heartbeat()?;
        facts.alarm_after = Some(Duration::from_secs_f64(heartbeat.alarm_after_seconds));
        if heartbeat.state != "beating" {
            let state = heartbeat.state;
            found.passing.push(format!(
                "the heartbeat at pager is {state}: does Watchdog reach it?"
            ));
        }
        for endpoint in pager.outages()? {
            let url = format!("{}/outage/{endpoint}", pager.0);
            found.lasting.push(format!(
                "pager was told to fail {endpoint}: curl -X DELETE {url}"
            ));
        }
        still_open(drill, servers, &facts, &mut found)?;
    }
    of_target(drill, servers, &mut found);
    of_the_way(drill, servers, &facts, &mut found)?;
    Ok((facts, found))
}

fn of_rule(alert: &Selector, rule: Option<&Rule>, found: &mut Obstacles) {
    match rule.map(|rule| (rule.health.as_str(), rule)) {
        None => found.lasting.push(format!(
            "no rule {alert} in Prometheus: renamed or not loaded"
        )),
        Some(("ok", rule)) if rule.is_active(alert) => {
            found
                .passing
                .push(format!("{alert} is pending or firing already"));
        }
        Some(("ok", _)) => {}
        Some(("unknown", _)) => found.passing.push(format!("{alert} is not evaluated yet")),
        Some((_, rule)) => {
            found
                .lasting
                .push(format!("rule {alert} is not healthy: {}", rule.last_error));
        }
    }
}

/// Only what a load or a request is sent to must answer.
fn of_target(drill: &Drill, servers: &Servers, found: &mut Obstacles) {
    let is_asked = |action: &Action| matches!(action, Action::Load(_) | Action::Request(_));
    let target = servers.target.authority();
    let mut addresses = target.to_socket_addrs().into_iter().flatten();
    if drill.steps.iter().any(|step| is_asked(&step.value))
        && !addresses.any(|address| TcpStream::connect_timeout(&address, PATIENCE).is_ok())
    {
        let text = format!("the target {target} does not accept connections");
        found.passing.push(text);
    }
}

/// Alertmanager doesn't hold the drill's alerts or their groups, and nothing silences them.
fn of_the_way(
    drill: &Drill,
    servers: &Servers,
    facts: &Facts,
    found: &mut Obstacles,
) -> Result<(), Error> {
    let groups = servers.alertmanager.groups()?;
    let silences = servers.alertmanager.silences()?;
    let held: Vec<_> = groups.iter().flat_map(|group| &group.alerts).collect();
    for rule in servers.prometheus.rules()? {
        let is_firing = rule.alerts.iter().any(|alert| alert.state == "firing");
        if is_firing
            && !held
                .iter()
                .any(|own| own.labels.get(NAME) == Some(&rule.name))
        {
            found.passing.push(not_in_alertmanager(&rule.name));
            break;
        }
    }
    for (alert, rule) in &facts.rules {
        let mut labels = rule.labels.clone();
        labels.extend(alert.labels.clone());
        let told = receivers(drill, alert);
        for group in &groups {
            let receiver = &group.receiver.name;
            let is_held = group.alerts.iter().any(|own| alert.matches(&own.labels));
            if is_held || told.contains(&receiver) && agree(&labels, &group.labels) {
                let held = group.alerts.iter().filter_map(|own| own.labels.get(NAME));
                let held: Vec<_> = held.map(String::as_str).collect();
                let held = held.join(", ");
                let text = format!("the group of {alert} at {receiver} is there already: {held}");
                found.passing.push(text);
            }
        }
        for silence in &silences {
            if silence
                .matchers
                .iter()
                .all(|matcher| matcher.may_match(&labels))
            {
                let (id, author) = (&silence.id, &silence.created_by);
                found.lasting.push(format!(
                    "silence {id} of {author} may hold {alert} back: amtool silence expire {id}"
                ));
            }
        }
    }
    Ok(())
}

/// The receivers that an alert is to be told to.
fn receivers<'a>(drill: &'a Drill, alert: &Selector) -> Vec<&'a String> {
    let all = drill.expectations().map(|(_, own)| own);
    let mine = all.filter(|own| own.alert().as_ref() == Some(alert));
    mine.flat_map(|own| own.delivered.iter().flatten())
        .collect()
}

/// Nobody was told of the drill's alerts without being told of the end.
fn still_open(
    drill: &Drill,
    servers: &Servers,
    facts: &Facts,
    found: &mut Obstacles,
) -> Result<(), Error> {
    let mut record = Record::of(drill);
    let Some(pager) = &servers.pager else {
        return Ok(());
    };
    record.deliveries = pager.deliveries(Moment(record.began.0 - LONG_AGO))?;
    for alert in facts.rules.keys() {
        for receiver in receivers(drill, alert) {
            let mut since = Offset(-LONG_AGO);
            while let (Some(told), end) = record.told(facts, alert, receiver, since) {
                since = end.unwrap_or(Offset::default());
                if end.is_none() {
                    let ago = -told.0 / 60.0;
                    let text =
                        format!("told {receiver} of {alert} {ago:.0} min ago, and not of its end");
                    found.passing.push(text);
                }
            }
        }
    }
    Ok(())
}
