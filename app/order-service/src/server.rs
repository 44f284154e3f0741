//! The service as a whole: built from its settings, run until it is told to stop.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use service::server::{Limits, serve};
use thiserror::Error;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::config::Config;
use crate::http::{self, AppState, Readiness};
use crate::log::FailureLog;
use crate::metrics::Telemetry;
use crate::orders::{OrderProcessor, OrderQueue, ServiceTime};

/// A service that listens and has yet to be run.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    app: Router,
    processor: OrderProcessor,
    readiness: Readiness,
    log: Arc<FailureLog>,
    limits: Limits,
    drain_deadline: Duration,
    telemetry_provider: opentelemetry_sdk::metrics::SdkMeterProvider,
}

/// Why the service could not be built.
#[derive(Debug, Error)]
pub enum BuildError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {cause}; ORDER_ADDRESS chooses another address")]
    Bind {
        /// The address in the settings.
        address: SocketAddr,
        /// The error of the operating system.
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
        let readiness = Readiness::default();
        let app = http::app(Arc::new(AppState {
            desk: processor.desk(),
            service_time,
            metrics,
            exposition: telemetry.exposition,
            log: Arc::clone(&log),
            readiness: readiness.clone(),
            settings: config.http,
            links: config.links,
        }));
        Ok(Self {
            listener,
            address,
            app,
            processor,
            readiness,
            log,
            limits: config.limits,
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
        let mut serving = tokio::spawn(serve(self.listener, self.app, self.limits, stop));

        tokio::select! {
            () = shutdown => {}
            ended = &mut serving => return ended.map_err(io::Error::other),
        }
        self.readiness.start_draining();
        self.processor.drain(self.drain_deadline).await;
        drained.cancel();
        serving.await.map_err(io::Error::other)?;
        drop(self.telemetry_provider);
        Ok(())
    }
}
