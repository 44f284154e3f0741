//! The HTTP interface.
//!
//! - [`routes`]: every path
//! - [`layers`]: the layers around every request
//! - [`endpoints`]: the imitated APIs, as they answer
//! - [`records`]: for tools and operators, what was received, the heartbeat, the outages, health and metrics
//! - [`events`]: the event stream of the inbox page
//! - [`pages`]: the inbox page and the runbooks
//!
//! What the bodies mean: [`crate::receivers`].

mod endpoints;
mod events;
mod layers;
mod pages;
mod records;
mod routes;

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

pub(crate) use routes::app;

use crate::config::RoutingKey;
use crate::deadman::DeadMansSwitch;
use crate::feed::Feed;
use crate::inbox::Inbox;
use crate::metrics::Metrics;
use crate::outages::Outages;
use crate::runbooks::Runbooks;

/// Pages that may be open at the same time: each holds a connection and a part of the backlog.
pub(crate) const MAX_EVENT_STREAMS: usize = 32;

/// The state that the endpoints share. Cheap to clone.
#[derive(Clone)]
pub(crate) struct AppState {
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) switch: Arc<DeadMansSwitch>,
    pub(crate) outages: Arc<Outages>,
    pub(crate) runbooks: Runbooks,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) feed: Feed,
    pub(crate) routing_key: RoutingKey,
    /// One permit for each page that may be open.
    pub(crate) pages: Arc<Semaphore>,
    /// Cancelled when the service is asked to stop: streams end then, since they would never end by themselves.
    pub(crate) stopping: CancellationToken,
}
