//! Facts that stand in two places, held against each other. No container is needed.

mod alerts;
mod dashboard_links;
mod dashboards;
mod documents;
mod incidents;
mod promql;
mod scripts;
mod settings;
mod thresholds;
