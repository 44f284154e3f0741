//! `GET /`: one screen that says what this is, lists the endpoints, and links the rest of the stack.
//!
//! Plain text for curl; for a browser the same text, with links.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, Uri, header};
use axum::response::{Html, IntoResponse, Response};

use super::AppState;

/// Where the rest of the stack is unless told otherwise: the ports of `.env`.
const DEFAULT_LINKS: &str = "Prometheus=http://localhost:9090,Alertmanager=http://localhost:9093,\
                             Grafana=http://localhost:3000,pager=http://localhost:8025";

const PATHS: &str = "\
order-service: a simulated order-processing service, instrumented with OpenTelemetry metrics

POST /orders                     one order through queue and worker
     ?fail=true                    forced failure
     ?slow=true&slow_seconds=3     forced slowness, 0 to 60 s
POST /simulate                   20 synthetic orders and a summary
     ?count=50                     how many, 1 to 10000
     ?error_rate=0.5               exact share that fails, 0 to 1
     ?slow_rate=0.5                exact share that is slow, 0 to 1
     ?slow_seconds=3               how slow, 0 to 60 s
     ?seed=7                       random seed: which orders fail or are slow
GET  /metrics                    Prometheus text
GET  /health                     alive
GET  /ready                      ready for orders; 503 while shutting down
GET  /                           this page

Try: curl -X POST \"http://localhost:8000/simulate?count=50&error_rate=0.5\"
";

/// What else runs, by name and address. A page of links stops no service: what cannot be read is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Links {
    links: Vec<(String, Uri)>,
    /// What was left out, as it was written.
    pub(crate) unreadable: Vec<String>,
}

impl Default for Links {
    fn default() -> Self {
        Self::read(DEFAULT_LINKS)
    }
}

impl Links {
    /// Takes `NAME=ADDRESS,…`.
    pub(crate) fn read(text: &str) -> Self {
        let mut read = Self {
            links: Vec::new(),
            unreadable: Vec::new(),
        };
        let entries = text.split(',').map(str::trim);
        for entry in entries.filter(|entry| !entry.is_empty()) {
            match link(entry) {
                Some(link) => read.links.push(link),
                None => read.unreadable.push(entry.to_owned()),
            }
        }
        read
    }
}

/// A name, and an HTTP address, whose path is kept: Grafana may be served under one.
fn link(entry: &str) -> Option<(String, Uri)> {
    let (name, address) = entry.split_once('=')?;
    let address: Uri = address.trim().parse().ok()?;
    let is_http = [Some("http"), Some("https")].contains(&address.scheme_str());
    is_http.then(|| (name.trim().to_owned(), address))
}

pub(super) async fn index(State(state): State<Arc<AppState>>, headers: HeaderMap) -> Response {
    let accepted = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok());
    if accepted.is_some_and(|types| types.contains("text/html")) {
        Html(page(&state.links)).into_response()
    } else {
        text(&state.links).into_response()
    }
}

fn text(links: &Links) -> String {
    let rest_of_the_stack = links.links.iter();
    let rest_of_the_stack =
        rest_of_the_stack.map(|(name, address)| format!("{name:33}{address}\n"));
    format!("{PATHS}\n{}", rest_of_the_stack.collect::<String>())
}

/// The same text, with links to what can be requested with GET.
fn page(links: &Links) -> String {
    let linked = |line: &str| {
        let words = line
            .rsplit_once(' ')
            .filter(|(_, word)| word.starts_with("http"));
        if let Some((before, address)) = words {
            return format!("{} {}", escape(before), anchor(address));
        }
        let path = line
            .strip_prefix("GET  ")
            .and_then(|rest| rest.split(' ').next());
        match path {
            Some(path) => escape(line).replacen(path, &anchor(path), 1),
            None => escape(line),
        }
    };
    let body: Vec<_> = text(links).lines().map(linked).collect();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>order-service</title>\n<pre>{}\n</pre>\n</html>\n",
        body.join("\n")
    )
}

fn anchor(address: &str) -> String {
    let address = escape(address);
    format!("<a href=\"{address}\">{address}</a>")
}

fn escape(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_left_out_and_kept_for_the_log() {
        let long = format!("http://{}/", "a".repeat(61));
        let given = format!(
            "Grafana=https://g.example/grafana/?a=1&b=2,a,b=,c=/d,e=javascript:alert(1),f=http://g h,,A long <name>, <Inc>={long}"
        );
        let links = Links::read(&given);
        let unreadable = "a b= c=/d e=javascript:alert(1) f=http://g+h A+long+<name>";
        let unreadable: Vec<_> = unreadable
            .split(' ')
            .map(|link| link.replace('+', " "))
            .collect();
        assert_eq!(links.unreadable, unreadable);
        let page = page(&links);
        let grafana = "https://g.example/grafana/?a=1&amp;b=2";
        for address in [grafana, &long, "/metrics", "/"] {
            let link = format!("<a href=\"{address}\">{address}</a>");
            assert!(page.contains(&link), "{link}: {page}");
        }
        assert!(!page.contains("<a href=\"/orders\">"), "a link cannot POST");
        assert!(page.contains("&lt;Inc&gt;") && page.contains("count=50&amp;error_rate"));
        assert!(Links::default().unreadable.is_empty());
    }
}
