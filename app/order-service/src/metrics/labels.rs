//! Label sets, from closed sets of values: whatever a client sends, the number of series stays bounded.

use opentelemetry::KeyValue;

/// The methods that appear by name, as the HTTP semantic conventions list them.
const KNOWN_METHODS: [&str; 9] = [
    "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE",
];

/// The value of `http.request.method`: the method itself, or `_OTHER` for what a client made up.
pub fn method_label(method: &str) -> &'static str {
    KNOWN_METHODS
        .into_iter()
        .find(|known| *known == method)
        .unwrap_or("_OTHER")
}

/// The label set of `http.server.active_requests`; plain HTTP is all that is served.
pub(super) fn method_labels(method: &'static str) -> [KeyValue; 2] {
    [
        KeyValue::new("http.request.method", method),
        KeyValue::new("url.scheme", "http"),
    ]
}

/// The label set of `http.server.request.duration`. There is no route for a path that is not served, and no status when the client
/// left before there was one.
pub(super) fn answer_labels(
    method: &'static str,
    route: Option<String>,
    status: Option<u16>,
) -> Vec<KeyValue> {
    let mut labels = Vec::with_capacity(5);
    labels.extend(method_labels(method));
    labels.extend(route.map(|route| KeyValue::new("http.route", route)));
    labels.extend(status.map(|code| KeyValue::new("http.response.status_code", i64::from(code))));
    // For a server, an answer of 500 or above is an error, and so is a missing answer.
    let error_type = match status {
        None => "client_disconnected",
        Some(500) => "500",
        Some(503) => "503",
        Some(504) => "504",
        Some(501..) => "_OTHER",
        Some(_) => return labels,
    };
    labels.push(KeyValue::new("error.type", error_type));
    labels
}
