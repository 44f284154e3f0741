//! The page that draws the dashboards: files that were compressed when it was built.

use std::path::Path;

use axum::Router;
use axum::extract::{Path as Segments, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tower::ServiceExt;
use tower_http::services::{ServeDir, ServeFile};

use super::{AppState, layers};
use crate::folders::Contents;

/// What the page loads.
pub(super) fn files(folder: &Path) -> Router<AppState> {
    let file = |name: &str| ServeFile::new(folder.join(name)).precompressed_gzip();
    let below = |name: &str| ServeDir::new(folder.join(name)).precompressed_gzip();
    // Names of assets change with their content.
    let assets = Router::new().fallback_service(below("assets"));
    Router::new()
        .route_service("/licences.txt", file("licences.txt"))
        .route_service("/icon.svg", file("icon.svg"))
        .nest_service("/assets", layers::keep(assets))
        .nest_service("/public", below("public"))
}

/// An address may end in the title of the dashboard, as those of Grafana do.
#[derive(Debug, Deserialize)]
pub(super) struct Address {
    uid: String,
}

/// The page itself. It asks for the dashboard; that there is none of this uid, the status says as well, to whoever runs no scripts.
pub(super) async fn page(
    State(state): State<AppState>,
    Segments(address): Segments<Address>,
    request: Request,
) -> Response {
    let page = ServeFile::new(state.page.join("index.html")).precompressed_gzip();
    let Ok(answer) = page.oneshot(request).await;
    let mut response = answer.into_response();
    if response.status() == StatusCode::OK
        && Contents::read(&state.folders)
            .await
            .find(&address.uid)
            .is_none()
    {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    response
}
