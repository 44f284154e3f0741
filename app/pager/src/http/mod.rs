//! The HTTP interface.
//!
//! - [`routes`]: every path
//! - [`layers`]: the layers around every request
//! - [`endpoints`]: the imitated APIs, as they answer
//! - [`records`]: what was received, the heartbeat and the outages, as JSON
//! - [`events`]: the event stream of the inbox page
//! - [`pages`]: the inbox page and the runbooks
//! - [`operations`]: health and metrics
//!
//! What the bodies mean: [`crate::receivers`].

mod endpoints;
mod events;
mod layers;
mod operations;
mod pages;
mod records;
mod routes;

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

pub use routes::app;

use crate::config::RoutingKey;
use crate::deadman::DeadMansSwitch;
use crate::feed::Feed;
use crate::inbox::Inbox;
use crate::metrics::Metrics;
use crate::outages::Outages;
use crate::runbooks::Runbooks;

/// Pages that may be open at the same time: each holds a connection and a part of the backlog.
pub const MAX_EVENT_STREAMS: usize = 32;

/// The state that the endpoints share. Cheap to clone.
#[derive(Clone)]
pub struct AppState {
    /// What was received.
    pub inbox: Arc<Inbox>,
    /// The heartbeat.
    pub switch: Arc<DeadMansSwitch>,
    /// Outages on purpose.
    pub outages: Arc<Outages>,
    /// What messages link.
    pub runbooks: Runbooks,
    /// Records what happens.
    pub metrics: Arc<Metrics>,
    /// Publishes to open pages.
    pub feed: Feed,
    /// The only key for `PagerDuty` events.
    pub routing_key: RoutingKey,
    /// One permit for each page that may be open.
    pub pages: Arc<Semaphore>,
    /// Cancelled when the service is asked to stop: streams end then, since they would never end by themselves.
    pub stopping: CancellationToken,
}
