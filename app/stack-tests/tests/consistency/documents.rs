//! What the README promises exists.

use stack_tests::repository::{dot_env, read, root};

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
fn every_link_in_the_readme_leads_somewhere() {
    let readme = read("README.md");
    let links = readme
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    for link in links {
        if !link.contains("://") && !link.starts_with('#') {
            let path = link.split('#').next().unwrap_or_default();
            assert!(root().join(path).exists(), "README.md links {link}");
        }
    }
}
