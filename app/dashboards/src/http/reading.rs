//! What Prometheus is asked: queries, and which series and labels there are. Nothing else of its API can be reached from here, and
//! nothing of a request but its parameters, `Accept` and `Content-Type` gets there.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderName, Method, Request, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;
use service::problem::Problem;
use thiserror::Error;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tracing::warn;

use super::AppState;

/// The endpoints that take their parameters in the query or as a form.
const ENDPOINTS: [&str; 4] = ["query", "query_range", "series", "labels"];

/// The kind of body that has parameters. Prometheus would ignore any other.
const FORM: &[u8] = b"application/x-www-form-urlencoded";

/// What is escaped in the name of a label, when it becomes a part of a path.
const NOT_IN_A_NAME: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_');

/// The largest answer.
const MAX_ANSWER_BYTES: usize = 10 << 20;
/// The most parameters in a form.
const MAX_FORM_BYTES: usize = 1 << 20;

/// Requests at the same time; further ones wait, with their bodies unread. With the sizes above, this bounds the memory. A dashboard
/// of thirty panels asks some fifty queries.
const MAX_AT_ONCE: usize = 16;
/// Time for an answer, waiting included.
const DEADLINE: Duration = Duration::from_secs(30);

/// The client of Prometheus.
#[derive(Clone)]
pub(super) struct Reading {
    client: Client<HttpConnector, Body>,
    turns: Arc<Semaphore>,
    deadline: Duration,
}

/// Why there is no answer of Prometheus'.
#[derive(Debug, Error)]
enum ReadError {
    #[error("Prometheus does not answer")]
    Unreachable(#[source] hyper_util::client::legacy::Error),
    #[error("Prometheus gave no answer of at most {} MiB", MAX_ANSWER_BYTES >> 20)]
    Unreadable(#[source] axum::Error),
    #[error("there came no parameters of at most {} MiB", MAX_FORM_BYTES >> 20)]
    TooLarge(#[source] axum::Error),
    #[error("no answer of Prometheus within {} s", .0.as_secs_f32())]
    TooLate(Duration),
}

impl Default for Reading {
    fn default() -> Self {
        Self {
            client: Client::builder(TokioExecutor::new()).build_http(),
            turns: Arc::new(Semaphore::new(MAX_AT_ONCE)),
            deadline: DEADLINE,
        }
    }
}

impl Reading {
    /// The answer to a question with these parameters, whatever its status; dropping this ends the request.
    async fn answer(&self, mut question: Request<Body>, form: Body) -> Result<Response, ReadError> {
        let deadline = self.deadline;
        let answer = async {
            let _turn = self.turns.acquire().await.expect("it is never closed");
            let form = to_bytes(form, MAX_FORM_BYTES).await;
            *question.body_mut() = form.map_err(ReadError::TooLarge)?.into();
            let answer = self.client.request(question).await;
            let (head, body) = answer.map_err(ReadError::Unreachable)?.into_parts();
            // As a whole: of an answer that is too large, the page gets this error and not a part.
            let body = to_bytes(Body::new(body), MAX_ANSWER_BYTES).await;
            let mut response = body.map_err(ReadError::Unreadable)?.into_response();
            *response.status_mut() = head.status;
            copy(&head.headers, response.headers_mut(), header::CONTENT_TYPE);
            Ok(response)
        };
        timeout(deadline, answer)
            .await
            .unwrap_or(Err(ReadError::TooLate(deadline)))
    }
}

impl IntoResponse for ReadError {
    /// In the form that Prometheus has for errors, so that the page has one kind to show.
    fn into_response(self) -> Response {
        warn!(error = &self as &dyn std::error::Error, "nothing was read");
        let (status, kind) = match self {
            Self::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "bad_data"),
            Self::TooLate(_) => (StatusCode::GATEWAY_TIMEOUT, "timeout"),
            Self::Unreachable(_) | Self::Unreadable(_) => (StatusCode::BAD_GATEWAY, "unavailable"),
        };
        let error = json!({"status": "error", "errorType": kind, "error": self.to_string()});
        (status, Json(error)).into_response()
    }
}

pub(super) async fn read(
    State(state): State<AppState>,
    Path((uid, endpoint)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    request: Request<Body>,
) -> Result<Response, Problem> {
    if !ENDPOINTS.contains(&endpoint.as_str()) {
        return Err(not_found(format!(
            "of Prometheus' API, there is no {endpoint:?} here"
        )));
    }
    let path = format!("/api/v1/{endpoint}{}", with_mark(query));
    forward(&state, &uid, &path, request).await
}

pub(super) async fn read_label_values(
    State(state): State<AppState>,
    Path((uid, name)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    request: Request<Body>,
) -> Result<Response, Problem> {
    if name.is_empty() {
        return Err(not_found("a label has a name".to_owned()));
    }
    let name = utf8_percent_encode(&name, NOT_IN_A_NAME);
    let path = format!("/api/v1/label/{name}/values{}", with_mark(query));
    forward(&state, &uid, &path, request).await
}

fn not_found(detail: String) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "not_found", detail)
}

fn with_mark(query: Option<String>) -> String {
    query.map_or(String::new(), |query| format!("?{query}"))
}

/// Asks the source `uid` for `path`, with what may be passed on of `request`.
async fn forward(
    state: &AppState,
    uid: &str,
    path: &str,
    request: Request<Body>,
) -> Result<Response, Problem> {
    let mut sources = state.datasources.iter();
    let source = sources
        .find(|source| source.uid == uid)
        .ok_or_else(|| not_found(format!("there is no data source {uid:?} here")))?;
    let base = source.address.to_string();
    let uri = Uri::try_from(format!("{}{path}", base.trim_end_matches('/')));
    let uri = uri.map_err(|_| Problem::bad_request("invalid_path", "this is not an address"))?;

    let mut question = Request::new(Body::empty());
    *question.uri_mut() = uri;
    copy(request.headers(), question.headers_mut(), header::ACCEPT);
    let mut form = Body::empty();
    if request.method() == Method::POST {
        let kind = request.headers().get(header::CONTENT_TYPE);
        if !kind.is_some_and(|kind| kind.as_bytes().starts_with(FORM)) {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "parameters come as application/x-www-form-urlencoded",
            ));
        }
        *question.method_mut() = Method::POST;
        copy(
            request.headers(),
            question.headers_mut(),
            header::CONTENT_TYPE,
        );
        form = request.into_body();
    }
    Ok(match state.reading.answer(question, form).await {
        Ok(answer) => answer,
        Err(failure) => failure.into_response(),
    })
}

fn copy(from: &HeaderMap, to: &mut HeaderMap, name: HeaderName) {
    if let Some(value) = from.get(&name) {
        to.insert(name, value.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_answer_that_takes_too_long_is_not_waited_for() {
        // Connections are accepted, and never answered.
        let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("port 0 is always free");
        let address = silent.local_addr().expect("it is bound");
        let mut question = Request::new(Body::empty());
        *question.uri_mut() = format!("http://{address}/").parse().expect("an address");
        let reading = Reading {
            deadline: Duration::from_millis(100),
            ..Reading::default()
        };
        let answer = reading.answer(question, Body::empty()).await;
        let response = answer.expect_err("it is too late").into_response();
        assert_eq!(response.status(), StatusCode::GATEWAY_TIMEOUT);
    }
}
