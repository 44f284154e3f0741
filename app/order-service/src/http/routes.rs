//! Every path.

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use service::problem;
use tower_http::compression::CompressionLayer;

use super::{AppState, index, layers, operations, orders, simulate};

/// The answers to POST, by route and status, whose metrics exist from the first scrape: those that alerts and objectives would
/// otherwise see too late. The series of every other answer begins with the first one.
pub(crate) fn answers() -> impl Iterator<Item = (&'static str, u16)> {
    let routes = ["/orders", "/simulate"].into_iter();
    routes.flat_map(|route| [500, 503, 504].map(|status| (route, status)))
}

/// The whole service as one axum application.
pub(crate) fn app(state: Arc<AppState>) -> Router {
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
    let measure = from_fn_with_state(Arc::clone(&state), layers::measure);
    problem::with_fallbacks(routes)
        .layer(measure)
        .with_state(state)
}
