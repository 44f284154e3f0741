//! What the Markdown files promise exists: links and lines, paths, ports, commands and metrics.
//!
//! What the commands of the guide print is compared on a running stack: `scripts/lab --documents`.

mod links;
mod names;
mod page;

use std::fs;
use std::path::Path;

use page::Page;
use stack_tests::repository::{dot_env, read, root};

/// Folders that hold nothing of ours.
const FOREIGN: [&str; 3] = ["target", "node_modules", ".git"];

/// Every Markdown file of the repository.
fn pages() -> Vec<Page> {
    fn collect(folder: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).expect("a readable folder").flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() && !FOREIGN.contains(&name.as_str()) {
                collect(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                let from_root = path.strip_prefix(root()).expect("below the root");
                found.push(from_root.to_string_lossy().into_owned());
            }
        }
    }
    let mut files = Vec::new();
    collect(&root(), &mut files);
    files.sort();
    files.iter().map(|file| Page::read(file)).collect()
}

/// Fails with every problem of every page.
fn expect_none(problems: impl Fn(&Page) -> Vec<String>) {
    let found: Vec<_> = pages()
        .iter()
        .flat_map(|page| {
            let problems = problems(page);
            problems
                .into_iter()
                .map(|problem| format!("{}: {problem}", page.file))
        })
        .collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn the_readme_names_the_default_ports() {
    let readme = read("README.md");
    for (name, port) in dot_env() {
        if name.ends_with("_PORT") {
            assert!(
                readme.contains(&format!("localhost:{port}")),
                "{name}={port} is not in the README"
            );
        }
    }
}

#[test]
fn the_guide_is_among_the_pages() {
    let files: Vec<_> = pages().into_iter().map(|page| page.file).collect();
    for file in ["README.md", "docs/README.md", "docs/1-setup.md"] {
        assert!(files.iter().any(|found| found == file), "{files:?}");
    }
}

#[test]
fn every_link_leads_somewhere() {
    expect_none(links::dead);
}

#[test]
fn a_source_file_that_is_linked_has_what_the_link_names() {
    expect_none(links::missing_names);
}

#[test]
fn every_path_in_a_command_exists() {
    expect_none(names::missing_paths);
}

#[test]
fn every_port_is_one_of_dot_env() {
    expect_none(names::unknown_ports);
}

#[test]
fn every_metric_is_in_the_golden_file() {
    expect_none(names::unknown_metrics);
}

#[test]
fn every_experiment_exercise_drill_and_load_exists() {
    expect_none(names::unknown_commands);
}

#[test]
fn what_does_not_exist_is_found() {
    let page = Page::parse(
        "docs/x.md",
        "[a](nowhere.md) [b](README.md#nothing) [fn finished](../app/order-service/src/lib.rs)\n\
         `app/nothing.rs` `order_nothing_total` `scripts/lab average` `scripts/lab begin facts` `scripts/drill fire`\n\n\
         ```sh\ncurl localhost:1234/x\ndocker compose run --rm loadgen storm\n```\n",
    );
    assert_eq!(links::dead(&page).len(), 2);
    assert_eq!(links::missing_names(&page).len(), 1);
    assert_eq!(names::missing_paths(&page), ["there is no app/nothing.rs"]);
    assert_eq!(
        names::unknown_ports(&page),
        ["no service has the port 1234"]
    );
    assert_eq!(
        names::unknown_metrics(&page),
        ["there is no metric order_nothing_total"]
    );
    assert_eq!(names::unknown_commands(&page).len(), 4);
}
