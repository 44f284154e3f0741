//! The imitated APIs, as they answer.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use service::problem::Problem;
use tracing::warn;

use super::AppState;
use super::layers::MAX_BODY_BYTES;
use crate::notification::Receiver;
use crate::receivers::pagerduty::{self, Event, InvalidEvent};
use crate::receivers::{Refusal, slack as slack_api, webhook as webhook_api};

type Body = Result<Bytes, BytesRejection>;

/// `POST /slack`. A real webhook answers in plain text.
pub(super) async fn slack(
    State(state): State<AppState>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let body = match state.admit(Receiver::Slack, body) {
        Ok(body) => body,
        Err(refused) => return refused,
    };
    let is_form = headers.get(header::CONTENT_TYPE).is_some_and(|value| {
        let value = value.as_bytes().to_ascii_lowercase();
        value.starts_with(b"application/x-www-form-urlencoded")
    });
    match slack_api::read(&body, is_form) {
        Ok(notifications) => {
            for notification in notifications {
                state.inbox.add(notification);
            }
            "ok".into_response()
        }
        Err(refusal) => {
            state.refused(Receiver::Slack, refusal);
            (StatusCode::BAD_REQUEST, refusal.as_str()).into_response()
        }
    }
}

/// `POST /slack/…`: at Slack the path is the secret, and a wrong one belongs to no team.
pub(super) async fn slack_elsewhere(State(state): State<AppState>) -> Response {
    state.refused(Receiver::Slack, Refusal::NoTeam);
    (StatusCode::NOT_FOUND, Refusal::NoTeam.as_str()).into_response()
}

/// `POST /pagerduty/v2/enqueue`.
pub(super) async fn pagerduty(State(state): State<AppState>, body: Body) -> Response {
    let body = match state.admit(Receiver::Pagerduty, body) {
        Ok(body) => body,
        Err(refused) => return refused,
    };
    let dedup_key = match pagerduty::read(&body, &state.routing_key, new_dedup_key) {
        Ok(Event::Notified(notification)) => {
            let key = notification.dedup_key.clone();
            state.inbox.add(*notification);
            key
        }
        Ok(Event::Acknowledged { dedup_key }) => {
            state.metrics.acknowledged();
            state.inbox.acknowledge(Receiver::Pagerduty, &dedup_key);
            Some(dedup_key)
        }
        Err(InvalidEvent { refusal, errors }) => {
            state.refused(Receiver::Pagerduty, refusal);
            let answer = json!({
                "status": "invalid event",
                "message": "Event object is invalid",
                "errors": errors,
            });
            return (StatusCode::BAD_REQUEST, Json(answer)).into_response();
        }
    };
    let answer = json!({
        "status": "success",
        "message": "Event processed",
        "dedup_key": dedup_key,
    });
    (StatusCode::ACCEPTED, Json(answer)).into_response()
}

/// Unique within this process's memory, which is all that it ties together.
fn new_dedup_key() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    format!("{:032x}", now.unwrap_or_default().as_nanos())
}

/// `POST /webhook`.
pub(super) async fn webhook(
    State(state): State<AppState>,
    body: Body,
) -> Result<StatusCode, Response> {
    let body = state.admit(Receiver::Webhook, body)?;
    let delivery = webhook_api::read(&body).map_err(|refusal| {
        state.refused(Receiver::Webhook, refusal);
        let detail = match refusal {
            Refusal::UnsupportedVersion => "this is not version 4 of Alertmanager's webhook",
            _ => "this is not a webhook of Alertmanager",
        };
        Problem::bad_request(refusal.as_str(), detail).into_response()
    })?;
    if let Some(annotations) = delivery.heartbeat {
        state.switch.beat(annotations);
    }
    for notification in delivery.notifications {
        state.inbox.add(notification);
    }
    Ok(StatusCode::OK)
}

impl AppState {
    /// The body, unless it is too large or the endpoint is to fail.
    #[expect(clippy::result_large_err, reason = "the error is the answer")]
    fn admit(&self, receiver: Receiver, body: Body) -> Result<Bytes, Response> {
        if self.outages.is_on(receiver) {
            self.refused(receiver, Refusal::Outage);
            let answer = (StatusCode::INTERNAL_SERVER_ERROR, "outage on purpose");
            return Err(answer.into_response());
        }
        body.map_err(|rejection| {
            if rejection.status() != StatusCode::PAYLOAD_TOO_LARGE {
                self.refused(receiver, Refusal::InvalidPayload);
                return rejection.into_response();
            }
            self.refused(receiver, Refusal::PayloadTooLarge);
            let detail = format!("a body may have {MAX_BODY_BYTES} bytes at most");
            Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                Refusal::PayloadTooLarge.as_str(),
                detail,
            )
            .into_response()
        })
    }

    fn refused(&self, receiver: Receiver, refusal: Refusal) {
        warn!(
            receiver = receiver.as_str(),
            reason = refusal.as_str(),
            "refused"
        );
        self.metrics.refused(receiver, refusal);
    }
}
