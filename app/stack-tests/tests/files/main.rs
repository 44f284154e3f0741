//! Facts stated in two files agree, and our own pages do what they promise. No container is needed; the pages need
//! chromium.

mod alerts;
mod dashboards;
mod documents;
mod incidents;
mod pages;
mod queries;
mod settings;
mod swarm;
