//! The pages as they are served; how they behave: `browser`.

use std::fs;

use crate::support::Pager;

#[test]
fn the_page_loads_nothing_from_elsewhere_and_runs_nothing_of_its_own() {
    let pager = Pager::start(&[]);
    let page = pager.get("/");
    assert_eq!(page.status, 200);
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains("default-src 'none'") && !policy.contains("unsafe"),
        "{policy}"
    );
    let starts = [
        "src=\"",
        "rel=\"stylesheet\" href=\"",
        "rel=\"icon\" href=\"",
    ];
    let assets = starts
        .iter()
        .flat_map(|start| page.body.split(start).skip(1));
    let assets: Vec<_> = assets.filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(assets, ["/inbox.js", "/style.css", "/icon.svg"]);
    for (asset, content_type) in [
        ("/inbox.js", "text/javascript; charset=utf-8"),
        ("/style.css", "text/css; charset=utf-8"),
        ("/icon.svg", "image/svg+xml"),
    ] {
        let answer = pager.get(asset);
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (200, content_type)
        );
        assert!(
            !answer.body.contains("url(") && !answer.body.contains("innerHTML"),
            "{asset}"
        );
    }
}

#[test]
fn every_runbook_is_listed_and_served() {
    let pager = Pager::start(&[]);
    let list = pager.get("/runbooks").body;
    let mut count = 0;
    for file in fs::read_dir("../../observability/runbooks").expect("a folder") {
        let file = file.expect("readable").file_name();
        let Some(name) = file.to_str().and_then(|name| name.strip_suffix(".md")) else {
            continue;
        };
        count += 1;
        assert!(
            list.contains(&format!("href=\"/runbooks/{name}\"")),
            "{name}"
        );
        let page = pager.get(&format!("/runbooks/{name}"));
        assert_eq!(page.status, 200);
        assert!(page.body.contains(&format!("<h1>{name}</h1>")), "{name}");
    }
    assert!(count >= 2);
}

#[test]
fn there_is_no_runbook_outside_the_folder_and_none_in_one_that_is_not_there() {
    let pager = Pager::start(&[]);
    for name in [
        "Unknown",
        "..%2f..%2fREADME",
        "%2e%2e",
        "HighErrorRate.md",
        "a%00",
    ] {
        let refused = pager.get(&format!("/runbooks/{name}")).problem();
        assert_eq!(refused, (404, "unknown_runbook".to_owned()), "{name}");
    }
    let pager = Pager::start(&[("PAGER_RUNBOOKS", "/nowhere")]);
    let refused = pager.get("/runbooks").problem();
    assert_eq!(refused, (503, "runbooks_unavailable".to_owned()));
    assert_eq!(pager.get("/health").status, 200);
}
