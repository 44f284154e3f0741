//! The service as a whole: built from its settings, run until it is told to stop.

use std::future::Future;

use axum::Router;
use service::server::{BindError, Limits, bind, serve};
use thiserror::Error;
use tokio::net::TcpListener;
use tracing::{info, warn};

use crate::config::Config;
use crate::datasources::{self, DatasourceError};
use crate::http;

/// Limits on what clients use. A browser opens six connections.
pub const LIMITS: Limits = Limits {
    connections: 500,
    ..Limits::DEFAULT
};

/// A service that listens and has yet to be run.
pub struct Server {
    listener: TcpListener,
    app: Router,
}

/// Why the service could not be built.
#[derive(Debug, Error)]
pub enum BuildError {
    /// The address cannot be listened on.
    #[error(transparent)]
    Bind(#[from] BindError),
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
        let datasources = datasources::read(&config.datasources, config.prometheus.as_ref())?;
        if !config.page.join("index.html").is_file() {
            let folder = config.page.display();
            warn!(%folder, "the page is not there; `npm run build` in app/dashboards/page makes it");
        }
        let listener = bind(config.address, "DASHBOARDS_ADDRESS").await?;
        let app = http::app(config, datasources);
        Ok(Self { listener, app })
    }

    /// Serves until `shutdown` resolves, then finishes the requests it has.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        serve(self.listener, self.app, LIMITS, shutdown).await;
        info!("stopped");
    }
}
