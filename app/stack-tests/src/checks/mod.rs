//! What is checked on a running stack, a file for each theme.

pub(crate) mod alerts;
pub(crate) mod dashboards;
pub(crate) mod drills;
pub(crate) mod inhibition;
pub(crate) mod links;
pub(crate) mod look;
pub(crate) mod messages;
pub(crate) mod operations;
pub(crate) mod outage;
pub(crate) mod refusals;
pub(crate) mod start;
pub(crate) mod swarm;
pub(crate) mod walkthrough;
