//! `POST /simulate`: a batch of synthetic orders, answered with a summary when the last one is finished.
//!
//! While the service drains, every order of a batch that is not accepted is refused and counted by itself. A batch of which
//! none was accepted is answered with 503, as a single order would be.

use std::sync::Arc;

use axum::Json;
use axum::extract::{RawQuery, State};
use service::parameters::Parameters;
use service::problem::Problem;
use tokio::time::timeout;

use super::parameters::NoBody;
use super::{AppState, parameters, problem};
use crate::orders::{RejectReason, Simulation, Summary};

/// Orders in a batch, unless told otherwise.
const DEFAULT_COUNT: usize = 20;
/// The largest batch.
const MAX_COUNT: usize = 10_000;

pub(super) async fn simulate(
    State(state): State<Arc<AppState>>,
    RawQuery(query): RawQuery,
    _: NoBody,
) -> Result<Json<Summary>, Problem> {
    let simulation = simulation(query.as_deref())?;
    if !state.settings.faults {
        return Err(problem::faults_disabled());
    }
    let expected = simulation.expected_duration(&state.service_time, state.desk.queue().workers());
    let limit = state.settings.request_timeout;
    if expected > limit {
        return Err(problem::simulation_too_long(expected, limit));
    }
    let summary = timeout(limit, simulation.run(&state.desk))
        .await
        .map_err(|_elapsed| problem::timeout(limit))?;
    if summary.rejected == summary.requested {
        let reason = RejectReason::Draining;
        return Err(problem::rejected(reason, &state.desk, &state.service_time));
    }
    Ok(Json(summary))
}

fn simulation(query: Option<&str>) -> Result<Simulation, Problem> {
    let parameters = Parameters::parse(
        query,
        &["count", "error_rate", "slow_rate", "slow_seconds", "seed"],
    )?;
    let slow_rate = parameters.number("slow_rate", 1.0)?;
    Ok(Simulation {
        count: parameters
            .whole("count", &(1..=MAX_COUNT))?
            .unwrap_or(DEFAULT_COUNT),
        error_rate: parameters.number("error_rate", 1.0)?.unwrap_or_default(),
        slow_rate: slow_rate.unwrap_or_default(),
        slowness: parameters::slowness(&parameters, slow_rate.is_some(), "slow_rate")?,
        seed: parameters
            .whole("seed", &(0..=u64::MAX))?
            // Below 2^53, so that a reader of the summary that keeps numbers as floats gives the same seed back.
            .unwrap_or_else(|| rand::random_range(0..1 << 53)),
    })
}
