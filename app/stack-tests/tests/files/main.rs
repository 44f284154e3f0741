//! Facts stated in two files agree, and the scripts and pages do what they promise. No container is needed; the pages need
//! chromium.

mod alerts;
mod dashboards;
mod documents;
mod incidents;
mod pages;
mod queries;
mod scripts;
mod secrets;
mod settings;
mod swarm;
