//! Links inside the repository: to files, to headings, to lines.

use std::path::{Component, Path};

use stack_tests::repository::{read, root};

use super::page::Page;

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
    let mut from_root: Vec<&str> = Vec::new();
    let joined = folder.join(path);
    for part in joined.components() {
        match part {
            Component::ParentDir => {
                from_root.pop();
            }
            Component::Normal(name) => from_root.push(name.to_str()?),
            _ => {}
        }
    }
    Some((from_root.join("/"), fragment.to_owned()))
}

/// The line that `#L12` means.
fn line(fragment: &str) -> Option<usize> {
    fragment.strip_prefix('L')?.parse().ok()
}

/// Links whose file or heading is not there.
pub(super) fn dead(page: &Page) -> Vec<String> {
    let links = page.links.iter().map(|(link, _)| link);
    links
        .filter(|link| {
            target(page, link).is_some_and(|(file, fragment)| !leads_somewhere(&file, &fragment))
        })
        .map(|link| format!("{link} leads nowhere"))
        .collect()
}

fn leads_somewhere(file: &str, fragment: &str) -> bool {
    if !root().join(file).exists() {
        return false;
    }
    let is_heading = !fragment.is_empty() && line(fragment).is_none();
    !is_heading
        || Page::read(file)
            .anchors
            .iter()
            .any(|anchor| anchor == fragment)
}

/// Links to a line that does not have what the link's text names.
pub(super) fn wrong_lines(page: &Page) -> Vec<String> {
    page.links
        .iter()
        .filter_map(|(link, text)| {
            let (file, fragment) = target(page, link)?;
            let number = line(&fragment)?;
            let name = text.trim_end_matches("()");
            let found = read(&file)
                .lines()
                .nth(number.checked_sub(1)?)
                .is_some_and(|line| line.contains(name));
            (!found).then(|| format!("{file} has no {name:?} in line {number}"))
        })
        .collect()
}
