//! `POST /simulate`: a batch of synthetic orders, answered with a summary when the last one is finished.
//!
//! While the service drains, every order of a batch that is not accepted is refused and counted by itself. A batch of which
//! none was accepted is answered with 503, as a single order would be.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use service::parameters::{Number, Query, Whole};
use service::problem::Problem;
use tokio::time::timeout;

use super::parameters::{NoBody, SlowSeconds, slowness};
use super::{AppState, problem};
use crate::orders::{RejectReason, Simulation, Summary};

/// Orders in a batch, unless told otherwise.
const DEFAULT_COUNT: usize = 20;
const MAX_COUNT: u64 = 10_000;

pub(super) async fn simulate(
    State(state): State<Arc<AppState>>,
    Query(batch): Query<Batch>,
    _: NoBody,
) -> Result<Json<Summary>, Problem> {
    let simulation = simulation(&batch)?;
    if !state.settings.faults {
        return Err(problem::faults_disabled());
    }
    let expected =
        simulation.expected_duration(&state.service_time, state.admission.queue().workers());
    let limit = state.settings.request_timeout;
    if expected > limit {
        return Err(problem::simulation_too_long(expected, limit));
    }
    let summary = timeout(limit, simulation.run(&state.admission))
        .await
        .map_err(|_elapsed| problem::timeout(limit))?;
    if summary.rejected == summary.requested {
        let reason = RejectReason::Draining;
        return Err(problem::rejected(
            reason,
            &state.admission,
            &state.service_time,
        ));
    }
    Ok(Json(summary))
}

/// What to simulate, as requested.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Batch {
    count: Option<Whole<1, MAX_COUNT>>,
    error_rate: Option<Number<1>>,
    slow_rate: Option<Number<1>>,
    slow_seconds: Option<SlowSeconds>,
    seed: Option<Whole<0, { u64::MAX }>>,
}

fn simulation(batch: &Batch) -> Result<Simulation, Problem> {
    let rate = |rate: Option<Number<1>>| rate.map(|Number(rate)| rate).unwrap_or_default();
    Ok(Simulation {
        count: batch.count.map_or(DEFAULT_COUNT, |Whole(count)| {
            count.try_into().expect("at most MAX_COUNT")
        }),
        error_rate: rate(batch.error_rate),
        slow_rate: rate(batch.slow_rate),
        slowness: slowness(batch.slow_seconds, batch.slow_rate.is_some(), "slow_rate")?,
        // Below 2^53, so that a reader of the summary that keeps numbers as floats gives the same seed back.
        seed: batch
            .seed
            .map_or_else(|| rand::random_range(0..1 << 53), |Whole(seed)| seed),
    })
}
