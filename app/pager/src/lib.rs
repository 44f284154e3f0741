//! A stand-in for Slack, `PagerDuty` and a dead man's switch: it keeps and shows what it receives.
//!
//! A tour: [`server`] builds the service from its [`config`] and runs it; [`http`] is its interface; [`receivers`] understand
//! the bodies that the imitated APIs define and make [`notification`]s of them; the [`inbox`] keeps these and tells whoever
//! listens; [`deadman`] raises the alarm when the heartbeat stops; [`outages`] make an endpoint fail on purpose; [`runbooks`]
//! are served because messages link them; [`metrics`] are its own. Nothing below [`http`] knows HTTP.

pub mod config;
mod deadman;
mod feed;
mod http;
mod inbox;
mod metrics;
mod moment;
mod notification;
mod outages;
mod receivers;
mod runbooks;
pub mod server;
