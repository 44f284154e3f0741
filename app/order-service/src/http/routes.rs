//! Every path.

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use service::problem;
use tower_http::compression::CompressionLayer;

use super::{AppState, index, layers, operations, orders, simulate};
use crate::metrics::Answer;

/// The answers whose metrics exist from the first scrape: those that alerts and objectives would otherwise see too late. The
/// series of every other answer begins with the first one.
pub fn answers() -> impl Iterator<Item = Answer> {
    ["/orders", "/simulate"].into_iter().flat_map(|route| {
        [500, 503, 504].map(|status| Answer {
            method: "POST",
            route: Some(route.to_owned()),
            status: Some(status),
        })
    })
}

/// The whole service as one axum application.
pub fn app(state: Arc<AppState>) -> Router {
    let routes = Router::new()
        .route("/", get(index::index))
        .route("/orders", post(orders::place))
        .route("/simulate", post(simulate::simulate))
        // The one answer that is worth compressing.
        .route(
            "/metrics",
            get(operations::metrics).layer(CompressionLayer::new()),
        )
        .route("/health", get(operations::health))
        .route("/ready", get(operations::ready));
    layers::surround(problem::with_fallbacks(routes), &state).with_state(state)
}
