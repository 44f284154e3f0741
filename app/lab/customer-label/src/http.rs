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

const PATHS: &str = "\
customer-label: a target whose metrics can carry customer_id as a label

POST /orders               one order from each of some customers
     ?customers=3000         how many customers, 1 to 10000
     ?label_on=counter       what carries customer_id: nothing, counter or histogram
GET  /metrics              Prometheus text
GET  /health               alive
GET  /                     this page
";

pub(crate) fn app(telemetry: Telemetry) -> Router {
    let routes = Router::new()
        .route("/", get(async || PATHS))
        .route("/orders", post(orders))
        .route("/metrics", get(metrics))
        .route("/health", get(health));
    with_fallbacks(routes).with_state(Arc::new(telemetry))
}

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
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"));
        let listener = listener.expect("port 0 is always free");
        let address = listener.local_addr().expect("it is bound");
        thread::spawn(move || {
            let telemetry = Telemetry::new().expect("the names are distinct");
            runtime.block_on(async { axum::serve(listener, app(telemetry)).await })
        });
        format!("http://{address}")
    }

    fn order(target: &str, query: &str) -> Result<(), ureq::Error> {
        ureq::post(format!("{target}/orders?{query}")).send_empty()?;
        Ok(())
    }

    /// The lines of a page that begin like this.
    fn lines(target: &str, path: &str, prefix: &str) -> Vec<String> {
        let mut answer = ureq::get(format!("{target}{path}")).call().expect(path);
        let text = answer.body_mut().read_to_string().expect("text");
        let lines = text.lines().filter(|line| line.starts_with(prefix));
        lines.map(ToOwned::to_owned).collect()
    }

    #[test]
    fn each_customer_is_a_series_where_the_label_is_until_the_sdk_folds_the_rest_into_one() {
        for (parameters, counters, buckets) in [
            ("customers=3000", 1..=1, 21),
            ("customers=3000&label_on=counter", 2000..=2002, 21),
            ("customers=300&label_on=histogram", 1..=1, 300 * 21),
        ] {
            let target = start();
            order(&target, parameters).expect("it is right");
            let counted = lines(&target, "/metrics", "lab_orders_total");
            assert!(counters.contains(&counted.len()), "{}", counted.len());
            let folded = |line: &&String| line.contains("otel_metric_overflow=\"true\"");
            let folds = usize::from(counted.len() > 1);
            assert_eq!(counted.iter().filter(folded).count(), folds);
            let found = lines(&target, "/metrics", "lab_order_duration_seconds");
            assert_eq!(found.len(), buckets, "{parameters}");
        }
    }

    #[test]
    fn the_first_page_lists_what_there_is_and_a_misspelled_parameter_is_refused() {
        let target = start();
        for path in ["/metrics", "/health"] {
            assert_eq!(lines(&target, "/", &format!("GET  {path} ")).len(), 1);
            lines(&target, path, "");
        }
        for query in ["customer=3", "customers=0", "label_on=gauge"] {
            let refused = order(&target, query);
            assert!(matches!(refused, Err(ureq::Error::StatusCode(400))));
        }
    }
}
