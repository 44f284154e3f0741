//! Every path.

use axum::Router;
use axum::routing::get;
use service::problem::with_fallbacks;

use super::reading::Reading;
use super::{AppState, catalogue, layers, page, reading};
use crate::config::Config;
use crate::datasources::Datasource;

/// The whole service as one axum application.
pub(crate) fn app(config: Config, datasources: Vec<Datasource>) -> Router {
    let prometheus = Router::new()
        .route("/{endpoint}", get(reading::read).post(reading::read))
        .route("/label/{name}/values", get(reading::read_label_values));
    let routes = Router::new()
        .route("/", get(catalogue::home))
        .route("/d/{uid}", get(page::page))
        .route("/d/{uid}/{title}", get(page::page))
        .route("/health", get(catalogue::health))
        .route("/api/health", get(catalogue::health))
        .route("/api/search", get(catalogue::search))
        .route("/api/dashboards/uid/{uid}", get(catalogue::dashboard))
        .route("/api/datasources", get(catalogue::datasources))
        .nest("/api/datasources/proxy/uid/{uid}/api/v1", prometheus);
    let files = page::files(&config.page);
    let state = AppState {
        page: config.page.into(),
        folders: config.folders.into(),
        home: config.home.into(),
        datasources: datasources.into(),
        reading: Reading::default(),
    };
    layers::surround(with_fallbacks(routes.merge(files))).with_state(state)
}
