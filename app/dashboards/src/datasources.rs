//! The data sources of dashboards, from the file that Grafana is provisioned with.

use std::path::Path;
use std::{fs, io};

use axum::http::Uri;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;
use tracing::info;

use crate::config::server_address;

/// The kind of source that can be asked.
const PROMETHEUS: &str = "prometheus";

/// What the file has. Grafana knows more keys; they do not matter here.
#[derive(Debug, Deserialize)]
struct Provisioning {
    #[serde(default)]
    datasources: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    name: String,
    uid: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    url: String,
    #[serde(default)]
    is_default: bool,
    #[serde(default)]
    json_data: Value,
}

/// A Prometheus that dashboards ask, as the page gets it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Datasource {
    pub(crate) name: String,
    pub(crate) uid: String,
    #[serde(rename = "type")]
    kind: &'static str,
    is_default: bool,
    json_data: Value,
    #[serde(skip)]
    pub(crate) address: Uri,
}

/// Why the data sources cannot be read.
#[derive(Debug, Error)]
pub enum DatasourceError {
    #[error("{path}: cannot be read: {source}; DASHBOARDS_DATASOURCES names the file")]
    Unreadable { path: String, source: io::Error },
    #[error("{path}: {source}")]
    Invalid {
        path: String,
        source: Box<serde_saphyr::Error>,
    },
    #[error("{path}: {name}: url: {url:?} is not an address such as http://prometheus:9090")]
    Address {
        path: String,
        name: String,
        url: String,
    },
    #[error("{path}: has no data source of the type prometheus")]
    Nothing { path: String },
}

/// The Prometheus servers in this file; `instead` replaces their addresses. Sources of other kinds are left out, and a panel that
/// asks one says so.
pub(crate) fn read(path: &Path, instead: Option<&Uri>) -> Result<Vec<Datasource>, DatasourceError> {
    let shown = || path.display().to_string();
    let text = fs::read_to_string(path).map_err(|source| DatasourceError::Unreadable {
        path: shown(),
        source,
    })?;
    let provisioning: Provisioning =
        serde_saphyr::from_str(&text).map_err(|source| DatasourceError::Invalid {
            path: shown(),
            source: Box::new(source),
        })?;
    let mut datasources = Vec::new();
    for entry in provisioning.datasources {
        if entry.kind != PROMETHEUS {
            info!(name = entry.name, kind = entry.kind, "not a source here");
            continue;
        }
        let address = instead.cloned().or_else(|| server_address(&entry.url));
        let address = address.ok_or_else(|| DatasourceError::Address {
            path: shown(),
            name: entry.name.clone(),
            url: entry.url,
        })?;
        datasources.push(Datasource {
            name: entry.name,
            uid: entry.uid,
            kind: PROMETHEUS,
            is_default: entry.is_default,
            json_data: entry.json_data,
            address,
        });
    }
    if datasources.is_empty() {
        return Err(DatasourceError::Nothing { path: shown() });
    }
    Ok(datasources)
}
