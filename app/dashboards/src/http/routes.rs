//! Every path.

use std::path::Path;

use axum::Router;
use axum::routing::get;
use service::problem::with_fallbacks;
use tower_http::services::{ServeDir, ServeFile};

use super::reading::{ReadLimits, Reading};
use super::{AppState, catalogue, layers, reading};
use crate::config::Config;
use crate::datasources::Datasource;

/// The whole service as one axum application.
pub(crate) fn app(config: Config, datasources: Vec<Datasource>, limits: ReadLimits) -> Router {
    let prometheus = Router::new()
        .route("/{endpoint}", get(reading::read).post(reading::read))
        .route("/label/{name}/values", get(reading::read_label_values));
    let routes = Router::new()
        .route("/", get(catalogue::home))
        .route("/health", get(catalogue::health))
        .route("/api/health", get(catalogue::health))
        .route("/api/search", get(catalogue::search))
        .route("/api/dashboards/uid/{uid}", get(catalogue::dashboard))
        .route("/api/datasources", get(catalogue::datasources))
        .nest(
            "/api/datasources/proxy/uid/{uid}/api/v1",
            layers::limit(prometheus),
        );
    let page = files(&config.page);
    let state = AppState {
        folders: config.folders.into(),
        home: config.home.into(),
        datasources: datasources.into(),
        reading: Reading::new(limits),
    };
    layers::surround(with_fallbacks(routes.merge(page))).with_state(state)
}

/// The page, compressed when it was built. Which dashboard it shows, it learns from its own address.
fn files(folder: &Path) -> Router<AppState> {
    let page = ServeFile::new(folder.join("index.html")).precompressed_gzip();
    let below = |name: &str| ServeDir::new(folder.join(name)).precompressed_gzip();
    // Names of assets change with their content.
    let assets = Router::new().fallback_service(below("assets"));
    Router::new()
        .route_service("/d/{uid}", page.clone())
        .route_service("/d/{uid}/{title}", page)
        .route_service(
            "/licences.txt",
            ServeFile::new(folder.join("licences.txt")).precompressed_gzip(),
        )
        .nest_service("/assets", layers::keep(assets))
        .nest_service("/public", below("public"))
}
