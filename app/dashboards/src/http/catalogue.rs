//! The dashboards and their data sources, as JSON; and health.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Redirect;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use service::problem::Problem;

use super::AppState;
use crate::datasources::Datasource;
use crate::folders::{Contents, Summary};

pub(super) async fn home(State(state): State<AppState>) -> Redirect {
    Redirect::temporary(&format!("/d/{}", state.home))
}

pub(super) async fn health() -> Json<Value> {
    Json(json!({"status": "ok"}))
}

/// Which dashboards there are.
pub(super) async fn search(State(state): State<AppState>) -> Json<Vec<Summary>> {
    let contents = Contents::read(&state.folders).await;
    let dashboards = contents.dashboards.into_iter();
    Json(dashboards.map(|dashboard| dashboard.summary).collect())
}

/// In the form that Grafana answers.
#[derive(Debug, Serialize)]
pub(super) struct DashboardAnswer {
    dashboard: Box<RawValue>,
}

pub(super) async fn dashboard(
    State(state): State<AppState>,
    Path(uid): Path<String>,
) -> Result<Json<DashboardAnswer>, Problem> {
    let contents = Contents::read(&state.folders).await;
    let faults = contents.faults.join("; ");
    let found = contents.find(&uid).ok_or_else(|| {
        let mut detail = format!("there is no dashboard {uid:?} here");
        if !faults.is_empty() {
            detail += ", and these files are no dashboards: ";
            detail += &faults;
        }
        Problem::new(StatusCode::NOT_FOUND, "not_found", detail)
    })?;
    Ok(Json(DashboardAnswer {
        dashboard: found.model,
    }))
}

pub(super) async fn datasources(State(state): State<AppState>) -> Json<Vec<Datasource>> {
    Json(state.datasources.to_vec())
}
