//! A viewer of Grafana's dashboards, for where Grafana itself cannot be had. It serves the page that draws them, their files, and
//! a way to read Prometheus.
//!
//! A tour: [`server`] builds the service from its [`config`] and runs it; [`http`] is its interface, on the paths that Grafana has;
//! [`folders`] find the dashboards, [`datasources`] what they are asked of. The page itself is TypeScript, in `page`.

pub mod config;
pub(crate) mod datasources;
pub(crate) mod folders;
pub(crate) mod http;
pub mod server;
