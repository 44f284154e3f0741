//! The service as a whole: built from its settings, run until it is told to stop.

use std::future::Future;
use std::io;
use std::net::SocketAddr;

use axum::Router;
use service::server::{Limits, serve};
use thiserror::Error;
use tokio::net::TcpListener;
use tracing::{info, warn};

use crate::config::Config;
pub use crate::datasources::DatasourceError;
pub use crate::http::ReadLimits;
use crate::{datasources, http};

/// Limits on what clients use. A browser opens six connections.
pub const LIMITS: Limits = Limits {
    connections: 500,
    ..Limits::DEFAULT
};

/// A service that listens and has yet to be run.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    app: Router,
}

/// Why the service could not be built.
#[derive(Debug, Error)]
pub enum BuildError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}; DASHBOARDS_ADDRESS chooses another address")]
    Bind {
        /// The address in the settings.
        address: SocketAddr,
        /// The error of the operating system.
        source: io::Error,
    },
    /// There is no data source.
    #[error(transparent)]
    Datasources(#[from] DatasourceError),
}

impl Server {
    /// Reads the data sources and binds the address.
    ///
    /// # Errors
    /// The address is taken or not ours, or the data sources cannot be read.
    pub async fn build(config: Config) -> Result<Self, BuildError> {
        Self::build_within(config, ReadLimits::DEFAULT).await
    }

    /// The same, with other limits on what is read from Prometheus.
    ///
    /// # Errors
    /// See [`Server::build`].
    pub async fn build_within(config: Config, limits: ReadLimits) -> Result<Self, BuildError> {
        let datasources = datasources::read(&config.datasources, config.prometheus.as_ref())?;
        if !config.page.join("index.html").is_file() {
            let folder = config.page.display();
            warn!(%folder, "the page is not there; `npm run build` in app/dashboards/page makes it");
        }
        let bind_error = |source| BuildError::Bind {
            address: config.address,
            source,
        };
        let listener = TcpListener::bind(config.address)
            .await
            .map_err(bind_error)?;
        let address = listener.local_addr().map_err(bind_error)?;
        let app = http::app(config, datasources, limits);
        Ok(Self {
            listener,
            address,
            app,
        })
    }

    /// Where it listens; with port 0 in the settings, the port that was chosen.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `shutdown` resolves, then finishes the requests it has.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        serve(self.listener, self.app, LIMITS, shutdown).await;
        info!("stopped");
    }
}
