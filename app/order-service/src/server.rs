//! The service as a whole: built from its settings, run until it is told to stop.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use service::server::{BindError, Limits, bind, serve};
use thiserror::Error;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::config::Config;
use crate::http::{self, AppState};
use crate::log::FailureLog;
use crate::metrics::Telemetry;
use crate::orders::{OrderProcessor, OrderQueue, ServiceTime};

/// A service that listens and has yet to be run.
pub struct Server {
    listener: TcpListener,
    app: Router,
    processor: OrderProcessor,
    draining: CancellationToken,
    log: Arc<FailureLog>,
    drain_deadline: Duration,
    provider: SdkMeterProvider,
}

/// Why the service could not be built.
#[derive(Debug, Error)]
pub enum BuildError {
    /// The address cannot be listened on.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// Two instruments or collectors claim one name.
    #[error("cannot set up the metrics")]
    Metrics(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Server {
    /// Binds the address and starts the workers.
    ///
    /// # Errors
    /// The address is in use or not one of this machine's, or the metrics cannot be set up.
    pub async fn build(config: Config) -> Result<Self, BuildError> {
        let listener = bind(config.address, "ORDER_ADDRESS").await?;
        let queue = OrderQueue::new(config.queue_capacity, config.workers);
        let telemetry = Telemetry::new(&queue, config.resource, http::answers())
            .map_err(BuildError::Metrics)?;
        let metrics = Arc::new(telemetry.metrics);
        let log = Arc::new(FailureLog::default());
        let service_time = ServiceTime::new(config.service_time_median, config.service_time_sigma);
        let processor = OrderProcessor::start(
            queue,
            service_time.sampler(),
            Arc::new((Arc::clone(&metrics), Arc::clone(&log))),
        );
        let draining = CancellationToken::new();
        let app = http::app(Arc::new(AppState {
            admission: processor.admission(),
            service_time,
            metrics,
            exposition: telemetry.exposition,
            log: Arc::clone(&log),
            draining: draining.clone(),
            settings: config.http,
            links: config.links,
        }));
        Ok(Self {
            listener,
            app,
            processor,
            draining,
            log,
            drain_deadline: config.drain_deadline,
            provider: telemetry.provider,
        })
    }

    /// Serves until `shutdown` resolves, then drains: not ready, no new orders, accepted ones finished or, after the
    /// deadline, failed. Meanwhile it still answers, so that the last counts can be scraped.
    ///
    /// # Errors
    /// The task that serves panicked.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> io::Result<()> {
        let log = Arc::clone(&self.log);
        tokio::select! {
            ended = self.serve_and_drain(shutdown) => {
                log.start_second();
                info!(orders_finished = log.orders_finished(), "stopped");
                ended
            }
            never = log.count_left_out() => match never {},
        }
    }

    async fn serve_and_drain(self, shutdown: impl Future<Output = ()>) -> io::Result<()> {
        let drained = CancellationToken::new();
        let stop = drained.clone().cancelled_owned();
        let mut serving = tokio::spawn(serve(self.listener, self.app, Limits::DEFAULT, stop));

        tokio::select! {
            () = shutdown => {}
            ended = &mut serving => return ended.map_err(io::Error::other),
        }
        self.draining.cancel();
        self.processor.drain(self.drain_deadline).await;
        drained.cancel();
        serving.await.map_err(io::Error::other)?;
        if let Err(failure) = self.provider.shutdown() {
            warn!(error = %failure, "the metrics did not shut down");
        }
        Ok(())
    }
}
