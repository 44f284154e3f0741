//! Outages on purpose: an endpoint that answers 500 until told otherwise, to exercise the alerts that watch the alerting path.

use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;
use tracing::warn;

use crate::feed::Feed;
use crate::notification::Receiver;

/// Which endpoints fail.
#[derive(Debug, Default)]
pub struct Outages {
    slack: AtomicBool,
    pagerduty: AtomicBool,
    webhook: AtomicBool,
    feed: Feed,
}

/// Which endpoints fail, at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct OutageState {
    slack: bool,
    pagerduty: bool,
    webhook: bool,
}

impl Outages {
    /// No endpoint fails.
    pub fn new(feed: Feed) -> Self {
        Self {
            feed,
            ..Self::default()
        }
    }

    /// Starts or ends one. False if this receiver has no endpoint.
    pub fn set(&self, receiver: Receiver, on: bool) -> bool {
        let Some(switch) = self.switch(receiver) else {
            return false;
        };
        if switch.swap(on, Ordering::Relaxed) != on {
            warn!(receiver = receiver.as_str(), on, "outage on purpose");
            self.feed.publish("outages", &self.state());
        }
        true
    }

    /// Whether this endpoint is to fail.
    pub fn is_on(&self, receiver: Receiver) -> bool {
        self.switch(receiver)
            .is_some_and(|switch| switch.load(Ordering::Relaxed))
    }

    /// All of them.
    pub fn state(&self) -> OutageState {
        OutageState {
            slack: self.is_on(Receiver::Slack),
            pagerduty: self.is_on(Receiver::Pagerduty),
            webhook: self.is_on(Receiver::Webhook),
        }
    }

    fn switch(&self, receiver: Receiver) -> Option<&AtomicBool> {
        match receiver {
            Receiver::Slack => Some(&self.slack),
            Receiver::Pagerduty => Some(&self.pagerduty),
            Receiver::Webhook => Some(&self.webhook),
            Receiver::DeadMansSwitch => None,
        }
    }
}
