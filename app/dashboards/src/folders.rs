//! The dashboards: JSON files in some folders. They are read anew for every request, so that a new file or an edit is seen at once.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tracing::warn;

/// What the page lists of a dashboard.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Summary {
    pub(crate) uid: String,
    pub(crate) title: String,
    #[serde(default)]
    pub(crate) tags: Vec<String>,
}

/// A dashboard's file.
#[derive(Debug)]
pub(crate) struct Dashboard {
    pub(crate) summary: Summary,
    /// The whole of it, as it is in the file.
    pub(crate) model: Box<RawValue>,
}

/// What the folders hold.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    /// In the order of the folders, and of the names in each.
    pub(crate) dashboards: Vec<Dashboard>,
    /// The files that are no dashboards, each with the reason.
    pub(crate) faults: Vec<String>,
}

impl Contents {
    /// Reads every file `*.json` of these folders.
    pub(crate) async fn read(folders: &[PathBuf]) -> Self {
        let mut contents = Self::default();
        for folder in folders {
            match files(folder).await {
                Ok(paths) => {
                    for path in paths {
                        contents.add(&path).await;
                    }
                }
                Err(failure) => contents.fault(folder, &failure.to_string()),
            }
        }
        contents
    }

    /// The dashboard of this uid. Of several, the first.
    pub(crate) fn find(self, uid: &str) -> Option<Dashboard> {
        let mut dashboards = self.dashboards.into_iter();
        dashboards.find(|dashboard| dashboard.summary.uid == uid)
    }

    async fn add(&mut self, path: &Path) {
        let text = match tokio::fs::read_to_string(path).await {
            Ok(text) => text,
            Err(failure) => return self.fault(path, &failure.to_string()),
        };
        let summary: Summary = match serde_json::from_str(&text) {
            Ok(summary) => summary,
            Err(failure) => return self.fault(path, &failure.to_string()),
        };
        let model = RawValue::from_string(text).expect("it was just parsed as JSON");
        self.dashboards.push(Dashboard { summary, model });
    }

    fn fault(&mut self, path: &Path, reason: &str) {
        let name = path.file_name().unwrap_or(path.as_os_str());
        let fault = format!("{}: {reason}", name.display());
        warn!(path = %path.display(), reason, "not a dashboard");
        self.faults.push(fault);
    }
}

async fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    let mut entries = tokio::fs::read_dir(folder).await?;
    while let Some(entry) = entries.next_entry().await? {
        let path = entry.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}
