//! The service as a whole: built from its settings, run until it is told to stop.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::config::Config;
use crate::http::{self, AppState, Readiness};
use crate::metrics::Telemetry;
use crate::orders::{OrderProcessor, OrderQueue, ServiceTime};

/// How long connections may take to end once every order is answered. The container's stop grace is longer than this and
/// the longest drain deadline together.
const CLOSE_DEADLINE: Duration = Duration::from_secs(2);

/// A service that listens and has yet to be run.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    app: Router,
    processor: OrderProcessor,
    readiness: Readiness,
    drain_deadline: Duration,
    telemetry_provider: opentelemetry_sdk::metrics::SdkMeterProvider,
}

/// Why the service could not be built.
#[derive(Debug, Error)]
pub enum BuildError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {cause}; ORDER_ADDRESS chooses another address")]
    Bind {
        /// What was asked for.
        address: SocketAddr,
        /// What the operating system said.
        cause: io::Error,
    },
    /// The instruments cannot be set up.
    #[error("cannot set up the metrics: {0}")]
    Metrics(Box<dyn std::error::Error + Send + Sync>),
}

impl Server {
    /// Binds the address and starts the workers.
    ///
    /// # Errors
    /// The address is in use or not one of this machine's, or the metrics cannot be set up.
    pub async fn build(config: Config) -> Result<Self, BuildError> {
        let bind_error = |cause| BuildError::Bind {
            address: config.address,
            cause,
        };
        let listener = TcpListener::bind(config.address)
            .await
            .map_err(bind_error)?;
        let address = listener.local_addr().map_err(bind_error)?;

        let queue = OrderQueue::new(config.queue_capacity, config.workers);
        let telemetry = Telemetry::new(&queue, http::answers()).map_err(BuildError::Metrics)?;
        let metrics = Arc::new(telemetry.metrics);
        let service_time = ServiceTime::new(config.service_time_median, config.service_time_sigma);
        let processor = OrderProcessor::start(queue, service_time, metrics.clone());
        let readiness = Readiness::default();
        let app = http::app(AppState {
            desk: processor.desk(),
            service_time,
            metrics,
            exposition: Arc::new(telemetry.exposition),
            readiness: readiness.clone(),
            settings: config.http,
            links: config.links,
        });
        Ok(Self {
            listener,
            address,
            app,
            processor,
            readiness,
            drain_deadline: config.drain_deadline,
            telemetry_provider: telemetry.provider,
        })
    }

    /// Where it listens; with port 0 in the settings, the port that was chosen.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `shutdown` resolves, then drains: not ready, no new orders, accepted ones finished or, after the
    /// deadline, failed. Meanwhile it still answers, so that the last counts can be scraped.
    ///
    /// # Errors
    /// The listener failed.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> io::Result<()> {
        let drained = CancellationToken::new();
        let listener = self.listener.tap_io(|connection| {
            // Answers are one small write; waiting for more to send would only delay them.
            if let Err(failure) = connection.set_nodelay(true) {
                warn!(error = %failure, "cannot set TCP_NODELAY");
            }
        });
        let serving = axum::serve(listener, self.app)
            .with_graceful_shutdown(drained.clone().cancelled_owned())
            .into_future();
        let mut serving = tokio::spawn(serving);

        tokio::select! {
            () = shutdown => {}
            ended = &mut serving => return ended.map_err(io::Error::other)?,
        }
        self.readiness.start_draining();
        self.processor.drain(self.drain_deadline).await;
        drained.cancel();
        if timeout(CLOSE_DEADLINE, &mut serving).await.is_err() {
            warn!("some connections did not end in time");
            serving.abort();
        }
        drop(self.telemetry_provider);
        info!("stopped");
        Ok(())
    }
}
