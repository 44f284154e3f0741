//! The HTTP interface, on the paths that Grafana has, so that links to it lead here.
//!
//! - [`routes`]: every path
//! - [`layers`]: the layers around every request
//! - [`catalogue`]: the dashboards and their data sources, as JSON
//! - [`reading`]: what Prometheus is asked

mod catalogue;
mod layers;
mod reading;
mod routes;

use std::path::PathBuf;
use std::sync::Arc;

pub use reading::ReadLimits;
pub(crate) use routes::app;

use crate::datasources::Datasource;
use reading::Reading;

/// The state that the endpoints share. Cheap to clone.
#[derive(Clone)]
struct AppState {
    folders: Arc<[PathBuf]>,
    home: Arc<str>,
    datasources: Arc<[Datasource]>,
    reading: Reading,
}
