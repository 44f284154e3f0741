//! The files of this repository.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// The folder that holds `docker-compose.yml`: `ORDERWATCH_DIRECTORY`, or the checkout that cargo runs this from.
pub fn root() -> PathBuf {
    env::var_os("ORDERWATCH_DIRECTORY").map_or_else(
        || {
            // Two checkouts with one target folder share what is compiled: what cargo says now comes first.
            let package = env::var_os("CARGO_MANIFEST_DIR");
            package
                .map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from)
                .join("../..")
        },
        PathBuf::from,
    )
}

/// A file's text, by its path from the root.
pub fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|failure| panic!("{}: {failure}", path.display()))
}

/// The names of the files in a folder that end in `.extension`, without it, sorted.
pub fn stems(folder: &str, extension: &str) -> Vec<String> {
    let own = files(folder, extension).into_iter();
    let names = own.filter_map(|path| {
        let name = path.strip_prefix(folder)?.strip_prefix('/')?;
        let stem = name.strip_suffix(extension)?.strip_suffix('.')?;
        (!stem.contains('/')).then(|| stem.to_owned())
    });
    names.collect()
}

/// The paths from the root of the files in a folder, and in those in it, that end in `.extension`; sorted.
pub fn files(folder: &str, extension: &str) -> Vec<String> {
    let entries = fs::read_dir(root().join(folder)).unwrap_or_else(|e| panic!("{folder}: {e}"));
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.expect("a readable folder").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let from_root = format!("{folder}/{name}");
        if path.is_dir() {
            files.extend(self::files(&from_root, extension));
        } else if path.extension().is_some_and(|found| found == extension) {
            files.push(from_root);
        }
    }
    files.sort();
    files
}

/// The settings of `.env`.
pub fn dot_env() -> BTreeMap<String, String> {
    read(".env")
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let (name, value) = line.split_once('=').expect("NAME=value");
            (name.to_owned(), value.to_owned())
        })
        .collect()
}
