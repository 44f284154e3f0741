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
    let own = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md"].map(ToOwned::to_owned);
    let folders = ["docs", "observability"].into_iter();
    let files = folders.flat_map(|folder| files(folder, "md")).chain(own);
    files.map(|file| Page::read(&file)).collect()
}

#[test]
fn what_the_pages_promise_exists() {
    let commands = Commands::ask();
    let mut found = Vec::new();
    for page in pages() {
        let problems = [
            links::dead(&page),
            links::missing_names(&page),
            names::missing_paths(&page),
            names::unknown_ports(&page),
            names::unknown_metrics(&page),
            commands.unknown(&page),
        ];
        let problems = problems.concat().into_iter();
        found.extend(problems.map(|problem| format!("{}: {problem}", page.file)));
    }
    assert!(found.is_empty(), "{found:#?}");
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
    assert_eq!(names::missing_paths(&page).len(), 1);
    assert_eq!(names::unknown_ports(&page).len(), 1);
    assert_eq!(names::unknown_metrics(&page).len(), 1);
    assert_eq!(Commands::ask().unknown(&page).len(), 4);
}
