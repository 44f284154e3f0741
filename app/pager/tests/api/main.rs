//! pager from outside: every test starts a service of its own on a port of its own.

mod browser;
mod events;
mod heartbeat;
mod inbox;
mod notifications;
mod operations;
mod outages;
mod pagerduty;
mod process;
mod slack;
mod support;
mod webhook;
