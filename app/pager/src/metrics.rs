//! pager's own metrics. Every series exists at zero from the first scrape.

use std::collections::BTreeMap;

use prometheus::core::Collector;
use prometheus::{Gauge, IntCounter, IntCounterVec, IntGauge, Opts, Registry, TextEncoder};

use crate::notification::{Receiver, Status};
use crate::receivers::Refusal;

/// What each receiver can refuse.
const REFUSALS: [(Receiver, &[Refusal]); 3] = [
    (
        Receiver::Slack,
        &[
            Refusal::InvalidPayload,
            Refusal::NoText,
            Refusal::TooManyAttachments,
            Refusal::InvalidBlocks,
            Refusal::NoTeam,
            Refusal::PayloadTooLarge,
            Refusal::Outage,
        ],
    ),
    (
        Receiver::Pagerduty,
        &[
            Refusal::InvalidPayload,
            Refusal::InvalidRoutingKey,
            Refusal::PayloadTooLarge,
            Refusal::Outage,
        ],
    ),
    (
        Receiver::Webhook,
        &[
            Refusal::InvalidPayload,
            Refusal::UnsupportedVersion,
            Refusal::PayloadTooLarge,
            Refusal::Outage,
        ],
    ),
];

/// The handle through which everything is recorded.
#[derive(Debug)]
pub struct Metrics {
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
    ///
    /// # Errors
    /// Two of them claim one name.
    pub fn new() -> prometheus::Result<Self> {
        let metrics = Self {
            registry: Registry::new(),
            notifications: IntCounterVec::new(
                Opts::new("pager_notifications_total", "Notifications received."),
                &["receiver", "status"],
            )?,
            acknowledgements: IntCounter::new(
                "pager_acknowledgements_total",
                "PagerDuty events that acknowledge an incident.",
            )?,
            refused: IntCounterVec::new(
                Opts::new("pager_refused_total", "Requests that a receiver refused."),
                &["receiver", "reason"],
            )?,
            heartbeats: IntCounter::new(
                "pager_heartbeats_total",
                "Times that the alert which always fires has arrived.",
            )?,
            heartbeat_age: Gauge::new(
                "pager_heartbeat_age_seconds",
                "Time since the last heartbeat; before the first, since the start.",
            )?,
            heartbeat_silent: IntGauge::new(
                "pager_heartbeat_silent",
                "1 while the dead man's switch has raised its alarm.",
            )?,
            entries: IntGauge::new("pager_entries", "Notifications that are kept.")?,
            event_streams: IntGauge::new("pager_event_streams", "Pages that are open.")?,
        };
        metrics.register()?;
        metrics.create_series();
        Ok(metrics)
    }

    fn register(&self) -> prometheus::Result<()> {
        let collectors: [Box<dyn Collector>; 8] = [
            Box::new(self.notifications.clone()),
            Box::new(self.acknowledgements.clone()),
            Box::new(self.refused.clone()),
            Box::new(self.heartbeats.clone()),
            Box::new(self.heartbeat_age.clone()),
            Box::new(self.heartbeat_silent.clone()),
            Box::new(self.entries.clone()),
            Box::new(self.event_streams.clone()),
        ];
        for collector in collectors {
            self.registry.register(collector)?;
        }
        #[cfg(target_os = "linux")]
        self.registry.register(Box::new(
            prometheus::process_collector::ProcessCollector::for_self(),
        ))?;
        Ok(())
    }

    /// A series that is born at 1 shows no increase.
    fn create_series(&self) {
        for receiver in Receiver::ALL {
            for status in Status::ALL {
                self.notifications
                    .with_label_values(&[receiver.as_str(), status.as_str()]);
            }
        }
        for (receiver, refusals) in REFUSALS {
            for refusal in refusals {
                self.refused
                    .with_label_values(&[receiver.as_str(), refusal.as_str()]);
            }
        }
    }

    /// Adds `pager_links_info`, whose labels are these addresses.
    ///
    /// # Errors
    /// It was added before.
    pub fn show_links(&self, links: BTreeMap<String, String>) -> prometheus::Result<()> {
        let help = "Where browsers find the stack's services: what dashboards link.";
        let opts = Opts::new("pager_links_info", help).const_labels(links.into_iter().collect());
        let info = IntGauge::with_opts(opts)?;
        info.set(1);
        self.registry.register(Box::new(info))
    }

    /// A notification was accepted.
    pub(crate) fn notification_received(&self, receiver: Receiver, status: Status) {
        self.notifications
            .with_label_values(&[receiver.as_str(), status.as_str()])
            .inc();
    }

    /// An incident was acknowledged.
    pub(crate) fn acknowledged(&self) {
        self.acknowledgements.inc();
    }

    /// A request was refused.
    pub(crate) fn refused(&self, receiver: Receiver, refusal: Refusal) {
        self.refused
            .with_label_values(&[receiver.as_str(), refusal.as_str()])
            .inc();
    }

    /// The heartbeat has arrived.
    pub(crate) fn heartbeat(&self) {
        self.heartbeats.inc();
    }

    /// This many entries are kept.
    pub(crate) fn entries_held(&self, count: usize) {
        self.entries.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// A page is open for as long as this lives.
    pub(crate) fn page_opened(&self) -> OpenPage {
        self.event_streams.inc();
        OpenPage(self.event_streams.clone())
    }

    /// Everything in the Prometheus text format. What is derived from the heartbeat is brought along.
    ///
    /// # Errors
    /// A metric cannot be encoded.
    pub fn render(&self, heartbeat_age_seconds: f64, silent: bool) -> prometheus::Result<String> {
        self.heartbeat_age.set(heartbeat_age_seconds);
        self.heartbeat_silent.set(silent.into());
        TextEncoder::new().encode_to_string(&self.registry.gather())
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
