//! A look round before a drill: everything that can be known, asked of the servers. What it means for the drill:
//! [`fitness`](super::fitness).

use std::collections::BTreeMap;

use hyper::StatusCode;

use super::definition::{Drill, End, Onset, Proof, Span};
use super::durations::{longest_range, seconds, text};
use super::identity::{fellow, rule_of, shares_group};
use super::known::{Background, Traffic};
use super::matchers::Labels;
use super::routing::{self, Way};
use super::servers::Servers;
use super::sources::alertmanager::{HeldAlert, Requests, Silence};
use super::sources::pager::{Heartbeat, ListedAlert, Notification};
use super::sources::prometheus::{Rule, ScrapeTarget};
use super::sources::{UnixSeconds, Unusable};
use crate::schedule::Order;

/// The job that is drilled.
const JOB: &str = "order-service";
/// A group of Alertmanager lives on for one interval after its last notification, and until the next tidying, every 30 s.
const LINGERING: f64 = 60.0;

/// What stands in the way of a drill.
#[derive(Clone, Debug, PartialEq)]
pub struct Obstacle {
    /// What it is, and what to do about it.
    pub text: String,
    /// Within how many seconds it goes away by itself, if it does.
    pub passes_within: Option<f64>,
}

impl Obstacle {
    /// One that stays until somebody does something.
    pub fn lasting(text: String) -> Self {
        Self {
            text,
            passes_within: None,
        }
    }

    /// One that a stack which has just been started, or was just mended, has overcome in two minutes.
    pub fn settling(text: String) -> Self {
        Self {
            text,
            passes_within: Some(120.0),
        }
    }

    /// One that the rules' windows of five minutes forget; as much again for notices and a busy machine.
    pub fn passing(text: String) -> Self {
        Self {
            text,
            passes_within: Some(600.0),
        }
    }
}

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
    pub proofs: Vec<Result<Background, Obstacle>>,
    /// How long the slowest rule that may page in this drill looks back, in seconds.
    pub tail: f64,
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
            let is_shared = !found.way.group_by.iter().any(|label| label == "alertname");
            found.group_shared = is_shared && (!proofs.is_empty() || !drill.companions.is_empty());
            found.group_lingers = fellow(&found, &held).is_some()
                || recent
                    .iter()
                    .any(|one| one.received_at > lingering && is_about(&found, one));
            let misbehaves = drill.storm().map_or(Order::Failing, |storm| storm.order);
            for traffic in &mut found.traffic {
                *traffic = measured(servers, traffic.window, misbehaves).await?;
            }
            if drill.starts_quiet {
                found.quiet = Some(measured(servers, found.longest, misbehaves).await?);
            }
            proofs.push(Ok(found));
        }
        let mut tail: f64 = 0.0;
        let names = drill.proofs.iter().map(|proof| proof.alert);
        for name in names.chain(drill.companions.iter().copied()) {
            let rules = prometheus.rules(name).await?;
            tail = rules.iter().filter_map(looks_back).fold(tail, f64::max);
        }
        let capacity = prometheus.value("sum(order_queue_capacity)").await?;
        Ok(Self {
            not_ready: not_ready(servers).await,
            targets: prometheus.targets(JOB).await?,
            alertmanagers: prometheus.alertmanagers().await?,
            proofs,
            tail,
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
) -> Result<Background, Obstacle> {
    let unusable = |reason: String| {
        Obstacle::lasting(format!(
            "{reason} (docker compose restart prometheus loads the rules again)"
        ))
    };
    let rule = rule_of(proof, rules).ok_or_else(|| {
        unusable(format!(
            "no rule {}{} in Prometheus: renamed or not loaded",
            proof.alert,
            in_words(proof)
        ))
    })?;
    match rule.fault.as_deref() {
        None => {}
        Some("unknown") => {
            return Err(Obstacle::settling(format!(
                "rule {} has not been evaluated yet",
                proof.alert
            )));
        }
        Some(fault) => {
            return Err(unusable(format!(
                "rule {} is not healthy: {fault}",
                proof.alert
            )));
        }
    }
    let mut labels = rule.labels.clone();
    labels.insert("alertname".into(), proof.alert.into());
    if !matches!(proof.end, End::FallsSilent) {
        labels.entry("job".into()).or_insert_with(|| JOB.into());
    }
    let windows = windows(proof, rule).map_err(unusable)?;
    let in_query = longest_range(&rule.query);
    let longest = windows
        .iter()
        .copied()
        .fold(in_query.unwrap_or(0.0), f64::max);
    Ok(Background {
        proof,
        hold: rule.hold,
        keep: rule.keep,
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
        way: way(&labels, proof, configuration).map_err(Obstacle::lasting)?,
        labels,
        group_lingers: false,
        group_shared: false,
        alarm_after: 0.0,
        // Prometheus's own default.
        resend: 60.0,
    })
}

/// How far back a rule looks that pages: the shorter of its two windows where it has two, or else its longest.
fn looks_back(rule: &Rule) -> Option<f64> {
    let pages = rule
        .labels
        .get("severity")
        .is_some_and(|own| own == "critical");
    let labelled = || seconds(rule.labels.get("short_window")?);
    labelled()
        .or_else(|| longest_range(&rule.query))
        .filter(|_| pages)
}

/// Whether a message that has arrived is about an alert's group.
fn is_about(background: &Background, one: &Notification) -> bool {
    let shares = |alert: &ListedAlert| shares_group(background, &alert.labels);
    one.receiver == background.way.receiver
        && (one.alertname == background.proof.alert || one.alerts.iter().any(shares))
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
fn way(labels: &Labels, proof: &Proof, configuration: &str) -> Result<Way, String> {
    let ways = routing::ways(configuration, labels).map_err(|error| error.to_string())?;
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
