//! Every path, and every answer that its own handler gives.

use axum::Router;
use axum::routing::{get, post};
use service::problem;

use super::{AppState, index, layers, operations, orders, simulate};
use crate::metrics::Answer;

/// One path. `statuses` are the answers whose metrics exist from the first scrape; a test compares them with what happens.
pub(super) struct Route {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    statuses: &'static [u16],
}

/// All paths that are served.
pub(super) const ROUTES: [Route; 6] = [
    Route {
        method: "GET",
        path: "/",
        statuses: &[200],
    },
    Route {
        method: "POST",
        path: "/orders",
        statuses: &[201, 400, 403, 500, 503, 504],
    },
    Route {
        method: "POST",
        path: "/simulate",
        statuses: &[200, 400, 403, 500, 503, 504],
    },
    Route {
        method: "GET",
        path: "/metrics",
        statuses: &[200, 503],
    },
    Route {
        method: "GET",
        path: "/health",
        statuses: &[200],
    },
    Route {
        method: "GET",
        path: "/ready",
        statuses: &[200, 503],
    },
];

/// Every answer that is known beforehand: those of the handlers, an unknown path, and a client that leaves early.
pub fn answers() -> impl Iterator<Item = Answer> {
    let unknown_path = ["GET", "POST"].map(|method| Answer {
        method,
        route: None,
        status: Some(404),
    });
    let left_early = ["/orders", "/simulate"].map(|path| Answer {
        method: "POST",
        route: Some(path),
        status: None,
    });
    let answered = ROUTES.iter().flat_map(|route| {
        route.statuses.iter().map(|status| Answer {
            method: route.method,
            route: Some(route.path),
            status: Some(*status),
        })
    });
    answered.chain(unknown_path).chain(left_early)
}

/// The whole service as one axum application.
pub fn app(state: AppState) -> Router {
    let routes = Router::new()
        .route("/", get(index::index))
        .route("/orders", post(orders::place))
        .route("/simulate", post(simulate::simulate))
        .route("/metrics", get(operations::metrics))
        .route("/health", get(operations::health))
        .route("/ready", get(operations::ready));
    layers::surround(problem::with_fallbacks(routes), &state).with_state(state)
}
