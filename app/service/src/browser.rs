//! Headers that tell browsers to be strict with pages of ours.

use axum::http::{HeaderValue, header};
use axum::response::Response;

/// Adds this content security policy, and what makes browsers take no other type and tell no address. Unless an answer says how long
/// it may be kept, browsers ask again each time.
pub fn be_strict(mut response: Response, policy: &'static str) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-cache"));
    response
}
