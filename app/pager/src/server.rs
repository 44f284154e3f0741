//! The service as a whole: built from its settings, run until it is told to stop.

use std::future::Future;
use std::io;
use std::sync::Arc;

use axum::Router;
use service::server::{BindError, Limits, bind, serve};
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::config::Config;
use crate::deadman::DeadMansSwitch;
use crate::feed::Feed;
use crate::http::{self, AppState, MAX_EVENT_STREAMS};
use crate::inbox::Inbox;
use crate::metrics::Metrics;
use crate::outages::Outages;
use crate::runbooks::Runbooks;

/// Limits on what clients use. Few speak to pager, and their messages take memory too.
pub const LIMITS: Limits = Limits {
    connections: 1_000,
    ..Limits::DEFAULT
};

/// A service that listens and has yet to be run.
pub struct Server {
    listener: TcpListener,
    app: Router,
    switch: Arc<DeadMansSwitch>,
    stopping: CancellationToken,
}

/// Why the service could not be built.
#[derive(Debug, Error)]
pub enum BuildError {
    /// The address cannot be listened on.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// Two instruments or collectors claim one name.
    #[error("cannot set up the metrics")]
    Metrics(#[from] prometheus::Error),
}

impl Server {
    /// Binds the address. The time for the first heartbeat starts now.
    ///
    /// # Errors
    /// The address is taken or not ours, or the metrics cannot be set up.
    pub async fn build(config: Config) -> Result<Self, BuildError> {
        let listener = bind(config.address, "PAGER_ADDRESS").await?;
        if !config.runbooks.is_dir() {
            let folder = config.runbooks.display();
            warn!(%folder, "there are no runbooks there; PAGER_RUNBOOKS names their folder");
        }

        let metrics = Arc::new(Metrics::new()?);
        metrics.show_links(config.links)?;
        let feed = Feed::default();
        let inbox = Arc::new(Inbox::new(feed.clone(), metrics.clone()));
        let switch = Arc::new(DeadMansSwitch::new(
            config.alarm_after,
            inbox.clone(),
            feed.clone(),
            metrics.clone(),
        ));
        let stopping = CancellationToken::new();
        let app = http::app(AppState {
            inbox,
            switch: switch.clone(),
            outages: Arc::new(Outages::new(feed.clone())),
            runbooks: Runbooks::new(&config.runbooks),
            metrics,
            feed,
            routing_key: config.routing_key,
            pages: Arc::new(Semaphore::new(MAX_EVENT_STREAMS)),
            stopping: stopping.clone(),
        });
        Ok(Self {
            listener,
            app,
            switch,
            stopping,
        })
    }

    /// Serves and watches the heartbeat until `shutdown` resolves, then finishes the requests it has.
    ///
    /// # Errors
    /// The task that serves panicked.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> io::Result<()> {
        let stop = self.stopping.clone().cancelled_owned();
        let mut serving = tokio::spawn(serve(self.listener, self.app, LIMITS, stop));

        tokio::select! {
            () = shutdown => {}
            () = self.switch.watch() => {}
            ended = &mut serving => return ended.map_err(io::Error::other),
        }
        self.stopping.cancel();
        serving.await.map_err(io::Error::other)?;
        info!("stopped");
        Ok(())
    }
}
