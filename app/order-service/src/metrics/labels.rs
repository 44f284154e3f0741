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

/// How a request was answered: the label set of `http.server.request.duration`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// From [`method_label`].
    pub method: &'static str,
    /// The path's template; none for a path that is not served.
    pub route: Option<String>,
    /// The status code; none when the client left before there was one.
    pub status: Option<u16>,
}

impl Answer {
    /// The attributes.
    pub(super) fn attributes(&self) -> Vec<KeyValue> {
        let mut attributes = Vec::with_capacity(5);
        attributes.push(KeyValue::new("http.request.method", self.method));
        attributes.push(scheme());
        if let Some(route) = &self.route {
            attributes.push(KeyValue::new("http.route", route.clone()));
        }
        if let Some(status) = self.status {
            attributes.push(KeyValue::new(
                "http.response.status_code",
                i64::from(status),
            ));
        }
        if let Some(error_type) = self.error_type() {
            attributes.push(KeyValue::new("error.type", error_type));
        }
        attributes
    }

    /// The value of `error.type`: for a server, an answer of 500 or above is an error, and so is a missing answer.
    fn error_type(&self) -> Option<&'static str> {
        match self.status {
            None => Some("client_disconnected"),
            Some(500) => Some("500"),
            Some(503) => Some("503"),
            Some(504) => Some("504"),
            Some(501..=502 | 505..) => Some("_OTHER"),
            Some(_) => None,
        }
    }
}

/// `url.scheme`: plain HTTP is all that is served.
pub(super) fn scheme() -> KeyValue {
    KeyValue::new("url.scheme", "http")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_up_method_is_other() {
        assert_eq!(method_label("GET"), "GET");
        assert_eq!(method_label("get"), "_OTHER");
        assert_eq!(method_label("BREW"), "_OTHER");
    }
}
