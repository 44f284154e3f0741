//! What the Markdown files promise exists: links, paths, ports, metrics and commands.
//!
//! What the commands of the guide print is compared on a running stack: `scripts/lab --documents`.

mod links;
mod names;

use stack::markdown::Page;
use stack::repository::files;

use names::Commands;

/// Every Markdown file of the project.
fn pages() -> Vec<Page> {
    let mut found = vec![
        "README.md".to_owned(),
        "CHANGELOG.md".to_owned(),
        "CONTRIBUTING.md".to_owned(),
    ];
    found.extend(files("docs", "md"));
    found.extend(files("observability", "md"));
    found.iter().map(|file| Page::read(file)).collect()
}

/// Fails with every problem of every page.
fn expect_none(problems: impl Fn(&Page) -> Vec<String>) {
    let mut found = Vec::new();
    for page in pages() {
        let problems = problems(&page).into_iter();
        found.extend(problems.map(|problem| format!("{}: {problem}", page.file)));
    }
    assert!(found.is_empty(), "{found:#?}");
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
fn every_metric_exists() {
    expect_none(names::unknown_metrics);
}

#[test]
fn every_experiment_exercise_drill_and_load_exists() {
    let commands = Commands::ask();
    expect_none(|page| commands.unknown(page));
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
    assert_eq!(Commands::ask().unknown(&page).len(), 4);
}
