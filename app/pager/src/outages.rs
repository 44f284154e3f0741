//! Outages on purpose: an endpoint that answers 500 until told otherwise, to exercise the alerts that watch the alerting path.

use std::collections::BTreeMap;
use std::mem;
use std::sync::{Mutex, MutexGuard};

use tracing::warn;

use crate::feed::Feed;
use crate::notification::Receiver;

/// Of each receiver that has an endpoint, whether it fails.
pub(crate) type OutageState = BTreeMap<Receiver, bool>;

#[derive(Debug)]
pub(crate) struct Outages {
    state: Mutex<OutageState>,
    feed: Feed,
}

impl Outages {
    pub(crate) fn new(feed: Feed) -> Self {
        let endpoints = [Receiver::Slack, Receiver::Pagerduty, Receiver::Webhook];
        Self {
            state: Mutex::new(endpoints.map(|receiver| (receiver, false)).into()),
            feed,
        }
    }

    /// Starts or ends one. False if this receiver has no endpoint.
    pub(crate) fn set(&self, receiver: Receiver, on: bool) -> bool {
        let mut state = self.lock();
        let Some(fails) = state.get_mut(&receiver) else {
            return false;
        };
        if mem::replace(fails, on) != on {
            warn!(receiver = receiver.as_str(), on, "outage on purpose");
            self.feed.publish("outages", &*state);
        }
        true
    }

    pub(crate) fn is_on(&self, receiver: Receiver) -> bool {
        self.lock().get(&receiver) == Some(&true)
    }

    pub(crate) fn state(&self) -> OutageState {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, OutageState> {
        self.state.lock().expect("nobody panics while holding it")
    }
}
