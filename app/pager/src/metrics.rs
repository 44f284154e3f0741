//! pager's own metrics. Every series exists at zero from the first scrape, since one that is born at 1 shows no increase.
//!
//! They use the client library of Prometheus itself, which zero-fills by naming a label set: for a few counters off any hot path that
//! is all they need. How to instrument with OpenTelemetry, order-service shows.

use std::collections::BTreeMap;

use prometheus::{
    Gauge, IntCounter, IntCounterVec, IntGauge, Opts, Registry, TextEncoder,
    register_gauge_with_registry, register_int_counter_vec_with_registry,
    register_int_counter_with_registry, register_int_gauge_with_registry,
};

use crate::notification::{Receiver, Status};
use crate::receivers::Refusal;

/// What each receiver can refuse beside what all of them can.
const REFUSALS: [(Receiver, &[Refusal]); 3] = [
    (
        Receiver::Slack,
        &[
            Refusal::NoText,
            Refusal::TooManyAttachments,
            Refusal::InvalidBlocks,
            Refusal::NoTeam,
        ],
    ),
    (Receiver::Pagerduty, &[Refusal::InvalidRoutingKey]),
    (Receiver::Webhook, &[Refusal::UnsupportedVersion]),
];

/// What all of them can refuse.
const COMMON_REFUSALS: [Refusal; 3] = [
    Refusal::InvalidPayload,
    Refusal::PayloadTooLarge,
    Refusal::Outage,
];

/// The handle through which everything is recorded.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    notifications: IntCounterVec,
    acknowledgements: IntCounter,
    refused: IntCounterVec,
    heartbeats: IntCounter,
    heartbeat_age: Gauge,
    heartbeat_silent: IntGauge,
    entries: IntGauge,
    event_streams: IntGauge,
}

impl Metrics {
    /// Makes every instrument in a registry of its own.
    pub(crate) fn new() -> prometheus::Result<Self> {
        let registry = Registry::new();
        #[cfg(target_os = "linux")]
        registry.register(Box::new(
            prometheus::process_collector::ProcessCollector::for_self(),
        ))?;
        let metrics = Self {
            notifications: register_int_counter_vec_with_registry!(
                "pager_notifications_total",
                "Notifications received.",
                &["receiver", "status"],
                registry
            )?,
            acknowledgements: register_int_counter_with_registry!(
                "pager_acknowledgements_total",
                "PagerDuty events that acknowledge an incident.",
                registry
            )?,
            refused: register_int_counter_vec_with_registry!(
                "pager_refused_total",
                "Requests that a receiver refused.",
                &["receiver", "reason"],
                registry
            )?,
            heartbeats: register_int_counter_with_registry!(
                "pager_heartbeats_total",
                "Times that the alert which always fires has arrived.",
                registry
            )?,
            heartbeat_age: register_gauge_with_registry!(
                "pager_heartbeat_age_seconds",
                "Time since the last heartbeat; before the first, since the start.",
                registry
            )?,
            heartbeat_silent: register_int_gauge_with_registry!(
                "pager_heartbeat_silent",
                "1 while the dead man's switch has raised its alarm.",
                registry
            )?,
            entries: register_int_gauge_with_registry!(
                "pager_entries",
                "Notifications that are kept.",
                registry
            )?,
            event_streams: register_int_gauge_with_registry!(
                "pager_event_streams",
                "Pages that are open.",
                registry
            )?,
            registry,
        };
        for receiver in Receiver::ALL {
            for status in Status::ALL {
                metrics.notifications(receiver, status);
            }
        }
        for (receiver, refusals) in REFUSALS {
            for refusal in COMMON_REFUSALS.iter().chain(refusals) {
                metrics.refusals(receiver, *refusal);
            }
        }
        Ok(metrics)
    }

    /// Adds `pager_links_info`, whose labels are these addresses.
    pub(crate) fn show_links(&self, links: BTreeMap<String, String>) -> prometheus::Result<()> {
        let help = "Where browsers find the stack's services: what dashboards link.";
        let opts = Opts::new("pager_links_info", help).const_labels(links.into_iter().collect());
        let info = IntGauge::with_opts(opts)?;
        info.set(1);
        self.registry.register(Box::new(info))
    }

    pub(crate) fn notification_received(&self, receiver: Receiver, status: Status) {
        self.notifications(receiver, status).inc();
    }

    pub(crate) fn acknowledged(&self) {
        self.acknowledgements.inc();
    }

    pub(crate) fn refused(&self, receiver: Receiver, refusal: Refusal) {
        self.refusals(receiver, refusal).inc();
    }

    pub(crate) fn heartbeat(&self) {
        self.heartbeats.inc();
    }

    pub(crate) fn entries_held(&self, count: usize) {
        self.entries.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// A page is open for as long as this lives.
    pub(crate) fn page_opened(&self) -> OpenPage {
        self.event_streams.inc();
        OpenPage(self.event_streams.clone())
    }

    /// Everything in the Prometheus text format. What is derived from the heartbeat is brought along.
    pub(crate) fn render(&self, heartbeat_age: f64, silent: bool) -> prometheus::Result<String> {
        self.heartbeat_age.set(heartbeat_age);
        self.heartbeat_silent.set(silent.into());
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }

    fn notifications(&self, receiver: Receiver, status: Status) -> IntCounter {
        let labels = [receiver.as_str(), status.as_str()];
        self.notifications.with_label_values(&labels)
    }

    fn refusals(&self, receiver: Receiver, refusal: Refusal) -> IntCounter {
        let labels = [receiver.as_str(), refusal.as_str()];
        self.refused.with_label_values(&labels)
    }
}

/// One open page; a client that leaves drops it.
#[derive(Debug)]
pub(crate) struct OpenPage(IntGauge);

impl Drop for OpenPage {
    fn drop(&mut self) {
        self.0.dec();
    }
}
