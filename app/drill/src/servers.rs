//! The servers a drill asks, and one look at all of them.

use std::fmt::Display;
use std::sync::mpsc::Receiver;

use loadgen::target::Server;

use crate::alertmanager::Alertmanager;
use crate::cli::Args;
use crate::client::{Access, Client};
use crate::deliveries::{Delivery, Pager, listen};
use crate::error::{Error, Result};
use crate::file::Drill;
use crate::labels::Labels;
use crate::prometheus::{Prometheus, Rule, rule_of};
use crate::record::{Proof, Record, note};

pub(crate) struct Servers {
    pub(crate) prometheus: Prometheus,
    pub(crate) alertmanager: Alertmanager,
    pub(crate) pager: Option<Pager>,
    pub(crate) sink: Option<Receiver<Delivery>>,
    /// What loads are sent to, and requests.
    pub(crate) target: Server,
    pub(crate) requests: Client,
}

impl Servers {
    pub(crate) fn new(args: &Args) -> Result<Self> {
        let usage = |error: &dyn Display| Error::Usage(error.to_string());
        let client = |url: &String| Client::new(url, &args.access);
        let pager = Some(&args.pager).filter(|url| *url != "none").map(client);
        let sink = args.listen.as_deref().map(listen);
        Ok(Self {
            prometheus: Prometheus(client(&args.prometheus)?),
            alertmanager: Alertmanager(client(&args.alertmanager)?),
            pager: pager.transpose()?.map(Pager),
            sink: sink.transpose().map_err(|error| usage(&error))?,
            target: Server::parse(&args.target).map_err(|error| usage(&error))?,
            requests: Client::new(&args.target, &Access::default())?,
        })
    }

    pub(crate) fn proof(&self) -> Proof {
        match (&self.sink, &self.pager) {
            (Some(_), _) => Proof::Sink,
            (None, Some(_)) => Proof::Pager,
            (None, None) => Proof::Counters,
        }
    }

    /// Adds what all servers say now; one that doesn't answer is trouble, not the end.
    pub(crate) fn look(&self, drill: &Drill, record: &mut Record) {
        let now = record.now();
        let prometheus = self.look_at_prometheus(drill, record);
        let held = self.alertmanager.alerts();
        let held = held.map(|own| note(&mut record.held, now, own));
        let counters = self.alertmanager.counters();
        let counters = counters.map(|own| note(&mut record.counters, now, own));
        let mut results = vec![prometheus, held, counters];
        if let Some(sink) = &self.sink {
            record.deliveries.extend(sink.try_iter());
        } else if let Some(pager) = &self.pager {
            let deliveries = pager.deliveries(record.began);
            results.push(deliveries.map(|own| record.deliveries = own));
        }
        let errors = results.into_iter().filter_map(Result::err);
        record.troubles = errors.map(|error| error.to_string()).collect();
    }

    fn look_at_prometheus(&self, drill: &Drill, record: &mut Record) -> Result<()> {
        let now = record.now();
        // Samples first: an alert without them is not over, but not there yet.
        record.samples = self.prometheus.samples(drill, record.began)?;
        record.rules = self.prometheus.rules()?;
        for labels in firing(&record.rules) {
            if !record.baseline.contains(labels) && !record.fired.contains(labels) {
                record.fired.push(labels.clone());
            }
        }
        for (query, values) in drill.queries().zip(&mut record.values) {
            let query = query.replace("$since", &format!("{:.0}s", now.0 + 1.0));
            note(values, now, self.prometheus.value(&query)?);
        }
        for alert in drill.alerts() {
            // What is pending or firing needs no asking.
            let rule = rule_of(&record.rules, &alert).filter(|rule| !rule.is_active(&alert));
            let Some(rule) = rule else { continue };
            if self.prometheus.is_true(rule, &alert)? {
                record.truths.entry(alert).or_insert(now);
            } else if !record.samples.iter().any(|own| alert.matches(&own.labels)) {
                // Not for long enough to be evaluated.
                record.truths.remove(&alert);
            }
        }
        Ok(())
    }
}

pub(crate) fn firing(rules: &[Rule]) -> Vec<&Labels> {
    let active = rules.iter().flat_map(|rule| &rule.alerts);
    let firing = active.filter(|alert| alert.state == "firing");
    firing.map(|alert| &alert.labels).collect()
}
