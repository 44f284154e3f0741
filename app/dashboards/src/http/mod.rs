//! The HTTP interface, on the paths that Grafana has, so that links to it lead here.
//!
//! - [`routes`]: every path
//! - [`layers`]: the layers around every request
//! - [`catalogue`]: the dashboards and their data sources, as JSON
//! - [`page`]: the page that draws them
//! - [`reading`]: what Prometheus is asked

mod catalogue;
mod layers;
mod page;
mod reading;
mod routes;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) use routes::app;

use crate::datasources::Datasource;
use reading::Reading;

/// The state that the endpoints share. Cheap to clone.
#[derive(Clone)]
struct AppState {
    /// Of the built page.
    page: Arc<Path>,
    /// Of the dashboards.
    folders: Arc<[PathBuf]>,
    home: Arc<str>,
    datasources: Arc<[Datasource]>,
    reading: Reading,
}
