//! What the fake servers say of the fake world, in the words of the real ones.

mod alertmanager;
mod order_service;
mod pager;
mod prometheus;

pub(crate) use alertmanager::alertmanager;
pub(crate) use order_service::order_service;
pub(crate) use pager::pager;
pub(crate) use prometheus::prometheus;
use serde_json::{Value, json};

use super::cast::FakeAlert;

/// Status and body; `None` closes the connection.
pub(crate) type Answer = Option<(u16, String)>;

#[expect(
    clippy::unnecessary_wraps,
    reason = "one of the answers that there are"
)]
pub(super) fn ok(value: &Value) -> Answer {
    Some((200, value.to_string()))
}

pub(super) fn data(value: &Value) -> Answer {
    ok(&json!({"status": "success", "data": value}))
}

pub(super) fn labels(alert: &FakeAlert) -> Value {
    let mut labels = json!({"alertname": alert.name, "job": "order-service"});
    for (name, value) in alert.labels {
        labels[*name] = json!(value);
    }
    labels
}

/// RFC 3339, to the millisecond.
pub(super) fn moment(at: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970")]
    let time = jiff::Timestamp::from_millisecond((at * 1000.0).round() as i64);
    format!("{:.3}", time.expect("a moment of this century"))
}
