//! `GET /`: one screen that says what this is, what can be asked for, and where the rest of the stack is.
//!
//! Plain text for curl; for a browser the same text, with links.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use axum::extract::State;
use axum::http::uri::Scheme;
use axum::http::{HeaderMap, Uri, header};
use axum::response::{Html, IntoResponse, Response};

use super::AppState;

/// Where the rest of the stack is unless told otherwise: the ports of `.env`.
const DEFAULT_LINKS: &str = "Prometheus=http://localhost:9090,Alertmanager=http://localhost:9093,\
                             Grafana=http://localhost:3000,pager=http://localhost:8025";
/// More would not fit one screen.
const MOST_LINKS: usize = 6;
/// What the column of names has room for.
const LONGEST_NAME: usize = 16;
/// So that every line fits a terminal.
const LONGEST_ADDRESS: usize = 60;

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
     ?seed=7                       which ones they are
GET  /metrics                    Prometheus text
GET  /health                     alive
GET  /ready                      ready for orders; 503 while shutting down
GET  /                           this page

Try: curl -X POST \"http://localhost:8000/simulate?count=50&error_rate=0.5\"
";

/// What else runs, by name and address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Links(Arc<[(String, Uri)]>);

/// A list of links that cannot be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidLinks;

impl Links {
    /// What the setting must look like, for its error.
    pub(crate) fn expected() -> String {
        format!(
            "up to {MOST_LINKS} links such as Prometheus=http://localhost:9090,pager=http://localhost:8025: \
             names of up to {LONGEST_NAME} letters, digits or hyphens, http or https addresses of up to {LONGEST_ADDRESS} characters"
        )
    }
}

impl Default for Links {
    fn default() -> Self {
        DEFAULT_LINKS.parse().expect("a test parses it")
    }
}

impl FromStr for Links {
    type Err = InvalidLinks;

    /// Takes `NAME=ADDRESS,…`.
    fn from_str(text: &str) -> Result<Self, InvalidLinks> {
        let links: Vec<_> = text
            .split(',')
            .map(link)
            .collect::<Option<_>>()
            .ok_or(InvalidLinks)?;
        if links.len() > MOST_LINKS {
            return Err(InvalidLinks);
        }
        Ok(Self(links.into()))
    }
}

impl fmt::Display for Links {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, address)) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{name}={address}")?;
        }
        Ok(())
    }
}

/// A name of letters, digits and hyphens, and an HTTP address, whose path is kept: Grafana may be served under one.
fn link(text: &str) -> Option<(String, Uri)> {
    let (name, address) = text.split_once('=')?;
    let named = (1..=LONGEST_NAME).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let address = Some(address).filter(|address| address.len() <= LONGEST_ADDRESS)?;
    let address: Uri = address.parse().ok()?;
    let http = [Some(&Scheme::HTTP), Some(&Scheme::HTTPS)].contains(&address.scheme());
    let somewhere = address.host().is_some_and(|host| !host.is_empty());
    (named && http && somewhere).then(|| (name.to_owned(), address))
}

pub(super) async fn index(State(state): State<AppState>, headers: HeaderMap) -> Response {
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
    let rest_of_the_stack = links.0.iter();
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
    fn takes_names_with_addresses_and_nothing_else() {
        for right in [
            "a=http://b",
            "Prometheus=https://p.example:9090/",
            "Grafana=https://example.org/grafana/?theme=dark&kiosk",
            DEFAULT_LINKS,
        ] {
            assert!(right.parse::<Links>().is_ok(), "{right}");
        }
        let many = ["a=http://b"; MOST_LINKS + 1].join(",");
        let long = format!("a=http://{}", "b".repeat(LONGEST_ADDRESS));
        for wrong in [
            "a",
            "=http://b",
            "a=",
            "a=b",
            "a=/b",
            "a=ftp://b",
            "a=javascript:alert(1)",
            "a=http://b,",
            "a b=http://c",
            "a=http://b/<script>",
            "a=http://b/ c",
            "a=http://",
            "waytoolonganameforthis=http://b",
            &many,
            &long,
        ] {
            assert_eq!(wrong.parse::<Links>(), Err(InvalidLinks), "{wrong}");
        }
    }

    #[test]
    fn an_address_keeps_its_path_and_is_escaped() {
        let links = "Grafana=https://example.org/grafana/?theme=dark&kiosk".parse();
        let page = page(&links.expect("valid"));
        let address = "https://example.org/grafana/?theme=dark&amp;kiosk";
        assert!(
            page.contains(&format!("<a href=\"{address}\">{address}</a>")),
            "{page}"
        );
    }

    #[test]
    fn a_page_for_browsers_links_what_can_be_asked_with_get() {
        let page = page(&"Graf=http://localhost:3000".parse().expect("valid"));
        for linked in [
            "/metrics",
            "/health",
            "/ready",
            "/",
            "http://localhost:3000/",
        ] {
            assert!(
                page.contains(&format!("<a href=\"{linked}\">")),
                "{linked}: {page}"
            );
        }
        assert!(!page.contains("<a href=\"/orders\">"), "a link cannot POST");
        assert!(page.contains("count=50&amp;error_rate=0.5&quot;"), "{page}");
    }
}
