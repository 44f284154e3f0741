//! Every path.

use axum::Router;
use axum::routing::{get, post, put};
use service::problem::with_fallbacks;

use super::{AppState, endpoints, events, layers, pages, records};

/// The whole service as one axum application.
pub(crate) fn app(state: AppState) -> Router {
    let messages = Router::new()
        .route("/slack", post(endpoints::slack))
        .route("/slack/", post(endpoints::slack_elsewhere))
        .route("/slack/{*elsewhere}", post(endpoints::slack_elsewhere))
        .route("/pagerduty/v2/enqueue", post(endpoints::pagerduty))
        .route("/webhook", post(endpoints::webhook));
    let routes = layers::limit(messages)
        .route("/", get(pages::inbox))
        .route("/inbox.js", get(pages::script))
        .route("/style.css", get(pages::style))
        .route("/icon.svg", get(pages::icon))
        .route("/events", get(events::stream))
        .route("/notifications", get(records::notifications))
        .route("/heartbeat", get(records::heartbeat))
        .route("/outage", get(records::outages))
        .route(
            "/outage/{receiver}",
            put(records::start_outage).delete(records::end_outage),
        )
        .route("/runbooks", get(pages::runbooks))
        .route("/runbooks/{name}", get(pages::runbook))
        .route("/metrics", get(records::metrics))
        .route("/health", get(records::health));
    layers::surround(with_fallbacks(routes)).with_state(state)
}
