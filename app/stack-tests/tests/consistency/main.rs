//! Facts that stand in two places, held against each other. No container is needed.

mod alerts;
mod dashboards;
mod documents;
mod promql;
mod settings;
