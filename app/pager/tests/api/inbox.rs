//! The pages as they are served; how they behave: `browser`.

use std::fs;

use crate::support::Service;

#[test]
fn the_page_loads_nothing_from_elsewhere_and_runs_nothing_of_its_own() {
    let service = Service::start(&[]);
    let page = service.client.get("/");
    assert_eq!(page.status, 200);
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains("default-src 'none'") && !policy.contains("unsafe"),
        "{policy}"
    );
    let assets: Vec<_> = [
        "src=\"",
        "rel=\"stylesheet\" href=\"",
        "rel=\"icon\" href=\"",
    ]
    .iter()
    .flat_map(|start| page.body.split(start).skip(1))
    .filter_map(|rest| rest.split('"').next())
    .collect();
    assert_eq!(assets, ["/inbox.js", "/style.css", "/icon.svg"]);
    for (asset, content_type) in [
        ("/inbox.js", "text/javascript; charset=utf-8"),
        ("/style.css", "text/css; charset=utf-8"),
        ("/icon.svg", "image/svg+xml"),
    ] {
        let answer = service.client.get(asset);
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
    let service = Service::start(&[]);
    let list = service.client.get("/runbooks").body;
    let mut count = 0;
    for file in fs::read_dir("../../observability/runbooks").expect("a folder") {
        let name = file
            .expect("readable")
            .file_name()
            .into_string()
            .expect("text");
        let Some(name) = name.strip_suffix(".md") else {
            continue;
        };
        count += 1;
        assert!(
            list.contains(&format!("href=\"/runbooks/{name}\"")),
            "{name}"
        );
        let page = service.client.get(&format!("/runbooks/{name}"));
        assert_eq!(page.status, 200);
        assert!(page.body.contains(&format!("<h1>{name}</h1>")), "{name}");
    }
    assert!(count >= 2);
}

#[test]
fn there_is_no_runbook_outside_the_folder() {
    let service = Service::start(&[]);
    for name in ["Unknown", "..%2f..%2fREADME", "%2e%2e", "HighErrorRate.md"] {
        let answer = service.client.get(&format!("/runbooks/{name}"));
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (404, &"unknown_runbook".into()),
            "{name}"
        );
    }
}

#[test]
fn a_folder_that_is_not_there_is_said() {
    let service = Service::start(&[("PAGER_RUNBOOKS", "/nowhere")]);
    assert_eq!(
        service.client.get("/runbooks").json()["code"],
        "runbooks_unavailable"
    );
    assert_eq!(service.client.get("/health").status, 200);
}
