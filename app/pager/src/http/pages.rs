//! The inbox page with its script and style, and the runbooks.

use std::fmt::Write;

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use service::problem::Problem;
use tracing::warn;

use super::AppState;
use crate::runbooks::RunbookError;

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";

pub(super) async fn inbox() -> Html<&'static str> {
    Html(include_str!("../page/inbox.html"))
}

pub(super) async fn script() -> Response {
    asset(JAVASCRIPT, include_str!("../page/inbox.js"))
}

pub(super) async fn style() -> Response {
    asset(CSS, include_str!("../page/style.css"))
}

pub(super) async fn icon() -> Response {
    asset("image/svg+xml", include_str!("../page/icon.svg"))
}

fn asset(content_type: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, content_type)], text).into_response()
}

pub(super) async fn runbooks(State(state): State<AppState>) -> Result<Html<String>, Problem> {
    let names = state
        .runbooks
        .names()
        .await
        .map_err(|failure| unreadable(&failure))?;
    let mut list = "<h1>Runbooks</h1>\n<p>What to do about each alert.</p>\n<ul>\n".to_owned();
    for name in names {
        // Names are letters, digits, - and _: nothing to escape.
        writeln!(list, "<li><a href=\"/runbooks/{name}\">{name}</a></li>")
            .expect("a string takes everything");
    }
    list += "</ul>\n";
    Ok(page("Runbooks", &list))
}

pub(super) async fn runbook(
    State(state): State<AppState>,
    Path(name): Path<String>,
) -> Result<Html<String>, Problem> {
    match state.runbooks.html(&name).await {
        Ok(html) => Ok(page(&name, &html)),
        Err(RunbookError::Unknown) => Err(Problem::new(
            StatusCode::NOT_FOUND,
            "unknown_runbook",
            format!("there is no runbook {name:?}; GET /runbooks lists them"),
        )),
        Err(RunbookError::Unreadable(failure)) => Err(unreadable(&failure)),
    }
}

fn unreadable(failure: &std::io::Error) -> Problem {
    warn!(error = %failure, "the runbooks cannot be read; PAGER_RUNBOOKS names their folder");
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "runbooks_unavailable",
        "the runbooks cannot be read; the log says why",
    )
}

/// `title` and `content` are HTML already.
fn page(title: &str, content: &str) -> Html<String> {
    Html(format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n\
         <link rel=\"icon\" href=\"/icon.svg\" type=\"image/svg+xml\">\n<link rel=\"stylesheet\" href=\"/style.css\">\n\
         </head>\n<body>\n<header class=\"bar\"><div class=\"inner\"><h1><a href=\"/\">Pager</a></h1>\
         <a href=\"/runbooks\">Runbooks</a></div></header>\n<main class=\"runbook\">\n{content}</main>\n</body>\n</html>\n"
    ))
}
