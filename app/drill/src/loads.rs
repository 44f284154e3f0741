//! The loads of a drill: how one begins, and what is told of it when it has ended.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use loadgen::ledger::Class;
use loadgen::load::{self, Outcome, Recipe};
use loadgen::scenario::Scenario;
use serde::Serialize;

use crate::error::{Error, Result};
use crate::file::{Amount, Load};
use crate::servers::Servers;

/// How a load is sent where its step doesn't say.
const CONNECTIONS: f64 = 100.0;
const TIMEOUT: Duration = Duration::from_secs(10);

/// A load under way, what it sends, and the rate that it was begun at.
pub(crate) type Running = (load::Load, String, f64);

#[derive(Debug, Serialize)]
pub(crate) struct LoadReport {
    name: String,
    rate: f64,
    scheduled: u64,
    seconds: f64,
    counts: BTreeMap<&'static str, u64>,
    lag_p99_seconds: f64,
    /// What makes it worthless as a cause.
    pub(crate) faults: Vec<String>,
}

impl LoadReport {
    pub(crate) fn of(name: &str, rate: f64, outcome: &Outcome, most_lag: Duration) -> Self {
        let by_class = Class::ALL.map(|class| (class.name(), outcome.counts.of(class)));
        let counts = by_class.into_iter().filter(|(_, count)| *count > 0);
        Self {
            name: name.into(),
            rate,
            scheduled: outcome.counts.scheduled,
            seconds: outcome.elapsed.as_secs_f64(),
            counts: counts.collect(),
            lag_p99_seconds: outcome.lag.as_secs_f64(),
            faults: outcome.faults(most_lag),
        }
    }
}

impl fmt::Display for LoadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = self.counts.iter();
        let counts = counts.map(|(class, count)| format!("{class} {count}"));
        let counts = counts.collect::<Vec<_>>().join(", ");
        let (name, scheduled, lag) = (&self.name, self.scheduled, self.lag_p99_seconds * 1000.0);
        let (seconds, rate) = (self.seconds, self.rate);
        write!(f, "{name}: {scheduled} in {seconds:.0} s at {rate:.0}/s ")?;
        write!(f, "({counts}); generator's lag p99 {lag:.1} ms")
    }
}

/// Begins a load, unless the step only ends the one before.
pub(crate) fn begin(servers: &Servers, own: &Load, seed: u64) -> Result<Option<Running>> {
    let Some(request) = own.sent() else {
        return Ok(None);
    };
    let rate = amount(servers, &own.rate)?;
    let connections = own.connections.as_ref().map(|own| amount(servers, own));
    let connections = connections.transpose()?.unwrap_or(CONNECTIONS).ceil();
    let second = own.second.as_ref();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "positive"
    )]
    let recipe = Recipe {
        target: servers.target.clone(),
        request: request.0.clone(),
        second: second.map(|second| (second.request.0.clone(), second.share)),
        rate,
        scenario: own.shape.unwrap_or(Scenario::Steady),
        length: own.length.map(|length| length.0),
        connections: connections as usize,
        timeout: own.timeout.map_or(TIMEOUT, |timeout| timeout.0),
        seed,
    };
    let load = load::Load::start(&recipe)?;
    Ok(Some((load, request.to_string(), rate)))
}

fn amount(servers: &Servers, amount: &Amount) -> Result<f64> {
    let (value, text) = match amount {
        Amount::Number(number) => (Some(*number), number.to_string()),
        Amount::Query(query) => (servers.prometheus.value(query)?, query.clone()),
    };
    let good = value.filter(|value| *value > 0.0 && value.is_finite());
    good.ok_or_else(|| Error::Usage(format!("`{text}` gives no positive number")))
}
