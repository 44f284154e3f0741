//! A look round before a drill: everything that can be known, asked of the servers. What it means for the drill:
//! [`fitness`](super::fitness).

use std::collections::BTreeMap;

use hyper::StatusCode;

use super::definition::{Drill, End, Onset, Proof, Span};
use super::durations::{longest_range, seconds, text};
use super::identity::{fellow, rule_of};
use super::known::{Background, Traffic};
use super::matchers::Labels;
use super::routing::{self, Way};
use super::servers::Servers;
use super::sources::alertmanager::{HeldAlert, Requests, Silence};
use super::sources::pager::Heartbeat;
use super::sources::prometheus::{Rule, ScrapeTarget};
use super::sources::{UnixSeconds, Unusable};
use crate::schedule::Order;

/// The job that is drilled.
const JOB: &str = "order-service";
/// A group of Alertmanager lives on for one interval after its last notification, and until the next tidying, every 30 s.
const LINGERING: f64 = 60.0;

/// What was found.
#[derive(Debug)]
pub struct Survey {
    /// Why order-service is not ready, if it isn't.
    pub not_ready: Option<String>,
    /// Its targets in Prometheus.
    pub targets: Vec<ScrapeTarget>,
    /// Alertmanagers that Prometheus has found.
    pub alertmanagers: usize,
    /// What is known of each proof; `Err` says why its rule or route can't be used.
    pub proofs: Vec<Result<Background, String>>,
    /// The `for` of the alert that the storm must outrun.
    pub rival_hold: Option<f64>,
    /// Alerts that are pending or firing.
    pub active: Vec<Labels>,
    /// What Alertmanager holds.
    pub held: Vec<HeldAlert>,
    /// Its silences.
    pub silences: Vec<Silence>,
    /// Its requests until now.
    pub requests: BTreeMap<String, Requests>,
    /// Endpoints of pager that were told to fail.
    pub outages: Vec<String>,
    /// The dead man's switch.
    pub heartbeat: Heartbeat,
    /// Orders that may wait in the service's queue.
    pub queue_capacity: f64,
}

impl Survey {
    /// Asks every server.
    ///
    /// # Errors
    /// One of them gives no usable answer: there is nothing to drill with.
    pub async fn take(
        servers: &Servers,
        drill: &'static Drill,
        now: UnixSeconds,
    ) -> Result<Self, Unusable> {
        let prometheus = &servers.prometheus;
        let alertmanager = &servers.alertmanager;
        let configuration = alertmanager.configuration().await?;
        let heartbeat = servers.pager.heartbeat().await?;
        let resend = prometheus.resend_delay().await?;
        let held = alertmanager.alerts().await?;
        let recent = servers.pager.notifications(now - 600.0).await?;
        let mut proofs = Vec::new();
        for proof in drill.proofs {
            let rules = prometheus.rules(proof.alert).await?;
            let found = background(proof, &rules, &configuration);
            let mut found = match found {
                Ok(found) => found,
                Err(reason) => {
                    proofs.push(Err(reason));
                    continue;
                }
            };
            found.alarm_after = heartbeat.alarm_after_seconds;
            found.resend = resend.unwrap_or(found.resend);
            let lingering = now - found.way.group_interval - LINGERING;
            found.group_lingers = fellow(proof, &held).is_some()
                || recent
                    .iter()
                    .any(|one| one.alertname == proof.alert && one.received_at > lingering);
            let misbehaves = drill.storm().map_or(Order::Failing, |storm| storm.order);
            for traffic in &mut found.traffic {
                *traffic = measured(servers, traffic.window, misbehaves).await?;
            }
            if drill.starts_quiet {
                found.quiet = Some(measured(servers, found.longest, misbehaves).await?);
            }
            proofs.push(Ok(found));
        }
        let rival = drill.storm().and_then(|storm| storm.outrun);
        let rival_hold = match rival {
            Some(outrun) => prometheus
                .rules(outrun.rival)
                .await?
                .first()
                .map(|rule| rule.hold),
            None => None,
        };
        let capacity = prometheus.value("sum(order_queue_capacity)").await?;
        Ok(Self {
            not_ready: not_ready(servers).await,
            targets: prometheus.targets(JOB).await?,
            alertmanagers: prometheus.alertmanagers().await?,
            proofs,
            rival_hold,
            active: prometheus.active().await?,
            held,
            silences: alertmanager.silences().await?,
            requests: alertmanager.requests().await?,
            outages: servers.pager.outages().await?,
            heartbeat,
            queue_capacity: capacity.unwrap_or_default(),
        })
    }
}

async fn not_ready(servers: &Servers) -> Option<String> {
    match servers.order_service.get("/ready").await {
        Ok(_) => None,
        Err(unusable) if unusable.status() == Some(StatusCode::NOT_FOUND) => None,
        Err(unusable) => Some(unusable.to_string()),
    }
}

/// What rule and routing say about a proof.
fn background(
    proof: &'static Proof,
    rules: &[Rule],
    configuration: &str,
) -> Result<Background, String> {
    let rule = rule_of(proof, rules).ok_or_else(|| {
        format!(
            "no rule {}{} in Prometheus: renamed or not loaded",
            proof.alert,
            in_words(proof)
        )
    })?;
    if let Some(fault) = &rule.fault {
        return Err(format!("rule {} is not healthy: {fault}", proof.alert));
    }
    let mut labels = rule.labels.clone();
    labels.insert("alertname".into(), proof.alert.into());
    let windows = windows(proof, rule)?;
    let in_query = longest_range(&rule.query);
    let longest = windows
        .iter()
        .copied()
        .fold(in_query.unwrap_or(0.0), f64::max);
    Ok(Background {
        proof,
        hold: rule.hold,
        interval: rule.interval,
        query: rule.query.clone(),
        longest,
        is_recorded: in_query.is_none() && !windows.is_empty(),
        traffic: windows
            .into_iter()
            .map(|window| Traffic {
                window,
                ..Traffic::default()
            })
            .collect(),
        quiet: None,
        way: way(&labels, proof, configuration)?,
        labels,
        group_lingers: false,
        alarm_after: 0.0,
        // Prometheus's own default.
        resend: 60.0,
    })
}

/// The windows of a proof's shares.
fn windows(proof: &Proof, rule: &Rule) -> Result<Vec<f64>, String> {
    let Onset::Share(shares) = proof.onset else {
        return Ok(Vec::new());
    };
    let window = |span: &Span| match span {
        Span::Query => longest_range(&rule.query),
        Span::Label(label) => rule.labels.get(*label).and_then(|text| seconds(text)),
    };
    let windows = shares.iter().map(|share| {
        window(&share.window).ok_or_else(|| {
            format!(
                "rule {} has no window to go by: {}",
                proof.alert, rule.query
            )
        })
    });
    windows.collect()
}

/// The way of its alerts: the one to the receiver that is wanted, or else the first. A wrong one is found by the drill.
fn way(own: &Labels, proof: &Proof, configuration: &str) -> Result<Way, String> {
    let mut labels = own.clone();
    labels.entry("job".into()).or_insert_with(|| JOB.into());
    let ways = routing::ways(configuration, &labels).map_err(|error| error.to_string())?;
    let wanted = match proof.end {
        End::Delivered(receiver) => Some(receiver),
        _ => None,
    };
    ways.iter()
        .find(|way| wanted.is_some_and(|wanted| way.receiver == wanted))
        .or(ways.first())
        .cloned()
        .ok_or_else(|| "Alertmanager has no route".into())
}

/// Labels of a proof as in a selector.
fn in_words(proof: &Proof) -> String {
    if proof.labels.is_empty() {
        return String::new();
    }
    let labels: Vec<_> = proof
        .labels
        .iter()
        .map(|(name, value)| format!("{name}=\"{value}\""))
        .collect();
    format!("{{{}}}", labels.join(","))
}

/// Orders that are in a window now.
async fn measured(servers: &Servers, window: f64, order: Order) -> Result<Traffic, Unusable> {
    let range = text(window);
    let all = format!("sum(increase(orders_processed_total[{range}]))");
    let bad = match order {
        Order::Slow => format!(
            "sum(increase(order_duration_seconds_count[{range}])) - \
             sum(increase(order_duration_seconds_bucket{{le=\"2.0\"}}[{range}]))"
        ),
        _ => format!("sum(increase(orders_processed_total{{status=\"failure\"}}[{range}]))"),
    };
    let value = async |query: &str| servers.prometheus.value(query).await;
    Ok(Traffic {
        window,
        orders: value(&all).await?.unwrap_or_default(),
        bad: value(&bad).await?.unwrap_or_default(),
    })
}
