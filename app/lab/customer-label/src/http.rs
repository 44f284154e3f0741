//! `GET /`, `POST /orders`, `GET /metrics`, `GET /health`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use service::parameters::{Query, Whole};
use service::problem::{Problem, with_fallbacks};
use tracing::error;

use crate::instruments::{LabelOn, Telemetry};

/// What `GET /` answers.
const PATHS: &str = "\
customer-label: a target whose metrics can carry customer_id as a label

POST /orders               one order from each of some customers
     ?customers=3000         how many customers, 1 to 10000
     ?label_on=counter       what carries customer_id: nothing, counter or histogram
GET  /metrics              Prometheus text
GET  /health               alive
GET  /                     this page
";

/// The target as an axum application.
pub(crate) fn app(telemetry: Telemetry) -> Router {
    let routes = Router::new()
        .route("/", get(async || PATHS))
        .route("/orders", post(orders))
        .route("/metrics", get(metrics))
        .route("/health", get(health));
    with_fallbacks(routes).with_state(Arc::new(telemetry))
}

/// What to order.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Orders {
    customers: Option<Whole<1, 10_000>>,
    label_on: LabelOn,
}

/// One order from each of `customers` customers, with `customer_id` on the instrument that `label_on` names.
async fn orders(
    State(telemetry): State<Arc<Telemetry>>,
    Query(orders): Query<Orders>,
) -> Json<Value> {
    let customers = orders.customers.map_or(1, |Whole(customers)| customers);
    telemetry.record(customers, orders.label_on);
    Json(json!({ "orders": customers }))
}

async fn metrics(State(telemetry): State<Arc<Telemetry>>) -> Response {
    match telemetry.page() {
        Ok(page) => ([(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)], page).into_response(),
        Err(failure) => {
            error!(error = %failure, "no metrics to expose");
            Problem::internal_error().into_response()
        }
    }
}

async fn health() -> Json<Value> {
    Json(json!({"status": "ok"}))
}

#[cfg(test)]
mod tests {
    use std::thread;

    use tokio::net::TcpListener;

    use super::*;

    /// Serves on a port of its own until the test process ends; returns its address.
    fn start() -> String {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let listener = runtime
            .block_on(TcpListener::bind("127.0.0.1:0"))
            .expect("port 0 is always free");
        let address = listener.local_addr().expect("it is bound");
        thread::spawn(move || {
            let telemetry = Telemetry::new().expect("the names are distinct");
            runtime.block_on(async { axum::serve(listener, app(telemetry)).await })
        });
        format!("http://{address}")
    }

    fn page(target: &str, path: &str) -> String {
        let answer = ureq::get(format!("{target}{path}")).call();
        let mut answer = answer.unwrap_or_else(|failure| panic!("{path}: {failure}"));
        answer.body_mut().read_to_string().expect("text")
    }

    fn series(target: &str, prefix: &str) -> Vec<String> {
        page(target, "/metrics")
            .lines()
            .filter(|line| line.starts_with(prefix))
            .map(ToOwned::to_owned)
            .collect()
    }

    fn order(target: &str, query: &str) {
        ureq::post(format!("{target}/orders?{query}"))
            .send_empty()
            .unwrap_or_else(|failure| panic!("{query}: {failure}"));
    }

    #[test]
    fn the_first_page_lists_what_there_is() {
        let target = start();
        let first = page(&target, "/");
        for path in ["/orders", "/metrics", "/health"] {
            assert!(first.contains(path), "{path}");
        }
        page(&target, "/metrics");
        page(&target, "/health");
    }

    #[test]
    fn without_the_label_any_number_of_customers_is_one_series() {
        let target = start();
        order(&target, "customers=3000");
        assert_eq!(
            series(&target, "lab_orders_total"),
            ["lab_orders_total 3000"]
        );
        assert_eq!(series(&target, "lab_order_duration_seconds").len(), 21);
    }

    #[test]
    fn beyond_its_limit_the_sdk_folds_the_rest_into_one_overflow_series() {
        let target = start();
        order(&target, "customers=3000&label_on=counter");
        let counted = series(&target, "lab_orders_total");
        assert!((2000..=2002).contains(&counted.len()), "{}", counted.len());
        let overflow: Vec<_> = counted
            .iter()
            .filter(|line| line.contains("otel_metric_overflow=\"true\""))
            .collect();
        assert_eq!(overflow.len(), 1, "{overflow:?}");
    }

    #[test]
    fn on_a_histogram_each_customer_is_twenty_one_series() {
        let target = start();
        order(&target, "customers=300&label_on=histogram");
        assert_eq!(
            series(&target, "lab_order_duration_seconds").len(),
            300 * 21
        );
    }

    #[test]
    fn a_misspelled_parameter_is_refused() {
        let target = start();
        for query in ["customer=3", "customers=0", "label_on=gauge"] {
            let refused = ureq::post(format!("{target}/orders?{query}")).send_empty();
            assert!(
                matches!(refused, Err(ureq::Error::StatusCode(400))),
                "{query}"
            );
        }
    }
}
