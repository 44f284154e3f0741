//! Every path, and every answer that its own handler gives.

use axum::Router;
use axum::http::Method;
use axum::routing::{MethodFilter, MethodRouter, on};
use service::problem;

use super::{AppState, index, layers, operations, orders, simulate};
use crate::metrics::Answer;

/// One path.
pub(super) struct Route {
    method: Method,
    pub(super) path: &'static str,
    handler: fn(MethodFilter) -> MethodRouter<AppState>,
    /// The answers whose metrics exist from the first scrape. Tests cause all of them but the 500 of a panic and the 503 of
    /// `/metrics`, and see that no series is born.
    statuses: &'static [u16],
}

/// All paths that are served.
pub(super) static ROUTES: [Route; 6] = [
    Route {
        method: Method::GET,
        path: "/",
        handler: |method| on(method, index::index),
        statuses: &[200],
    },
    Route {
        method: Method::POST,
        path: "/orders",
        handler: |method| on(method, orders::place),
        statuses: &[201, 400, 403, 500, 503, 504],
    },
    Route {
        method: Method::POST,
        path: "/simulate",
        handler: |method| on(method, simulate::simulate),
        statuses: &[200, 400, 403, 500, 503, 504],
    },
    Route {
        method: Method::GET,
        path: "/metrics",
        handler: |method| on(method, operations::metrics),
        statuses: &[200, 503],
    },
    Route {
        method: Method::GET,
        path: "/health",
        handler: |method| on(method, operations::health),
        statuses: &[200],
    },
    Route {
        method: Method::GET,
        path: "/ready",
        handler: |method| on(method, operations::ready),
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
            method: route.method.as_str(),
            route: Some(route.path),
            status: Some(*status),
        })
    });
    answered.chain(unknown_path).chain(left_early)
}

/// The whole service as one axum application.
pub fn app(state: AppState) -> Router {
    let routes = ROUTES.iter().fold(Router::new(), |router, route| {
        let method =
            MethodFilter::try_from(route.method.clone()).expect("axum routes GET and POST");
        router.route(route.path, (route.handler)(method))
    });
    layers::surround(problem::with_fallbacks(routes), &state).with_state(state)
}
