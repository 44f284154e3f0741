//! Links inside the repository: to files, to headings, to what a source file has by that name.

use std::path::Path;

use stack::markdown::Page;
use stack::repository::{read, root};

/// A link's file, from the root, and what follows its `#`.
fn target(page: &Page, link: &str) -> Option<(String, String)> {
    if link.contains("://") {
        return None;
    }
    let (path, fragment) = link.split_once('#').unwrap_or((link, ""));
    if path.is_empty() {
        return Some((page.file.clone(), fragment.to_owned()));
    }
    let folder = Path::new(&page.file).parent().unwrap_or(Path::new(""));
    let file = folder.join(path).to_string_lossy().into_owned();
    Some((file, fragment.to_owned()))
}

/// Links whose file or heading is not there.
pub(super) fn dead(page: &Page) -> Vec<String> {
    let links = page.links.iter().map(|link| &link.target);
    let dead = links.filter(|link| {
        target(page, link).is_some_and(|(file, heading)| {
            let headings = || Page::read(&file).anchors;
            let there = root().join(&file).exists()
                && (heading.is_empty() || headings().contains(&heading));
            !there
        })
    });
    dead.map(|link| format!("{link} leads nowhere")).collect()
}

/// Links to a source file that does not have what the link's text names. Lines are not linked: every edit would move them.
pub(super) fn missing_names(page: &Page) -> Vec<String> {
    let is_source = |name: &str| Path::new(name).extension().is_some_and(|end| end == "rs");
    let links = page.links.iter();
    let missing = links.filter_map(|link| {
        let (file, _) = target(page, &link.target)?;
        let names_file = !is_source(&file) || is_source(&link.text);
        let name = link.text.trim_end_matches("()");
        let found = names_file || read(&file).contains(name);
        (!found).then(|| format!("{file} has no {name:?}"))
    });
    missing.collect()
}
