//! The page, and what browsers are told about it.

use crate::support::Viewer;

#[test]
fn the_first_page_is_the_home_dashboard() {
    let service = Viewer::start();
    let reply = service.get("/");
    assert_eq!((reply.status, reply.header("location")), (307, "/d/first"));
}

#[test]
fn a_dashboard_has_the_addresses_that_it_has_in_grafana() {
    let service = Viewer::start();
    for path in ["/d/first", "/d/first/the-title", "/d/practice?from=now-1h"] {
        let reply = service.get(path);
        assert_eq!(
            (reply.status, reply.body.as_str()),
            (200, "<!doctype html>")
        );
        assert!(reply.header("content-type").starts_with("text/html"));
    }
}

#[test]
fn the_status_says_that_there_is_no_such_dashboard() {
    let reply = Viewer::start().get("/d/other");
    assert_eq!(
        (reply.status, reply.body.as_str()),
        (404, "<!doctype html>")
    );
}

#[test]
fn files_were_compressed_before() {
    let service = Viewer::start();
    let reply = service.send_with("GET", "/d/first", "", &[("accept-encoding", "gzip")]);
    assert_eq!(reply.header("content-encoding"), "gzip");
    assert_eq!(service.get("/d/first").header("content-encoding"), "");
}

#[test]
fn only_what_has_its_content_in_its_name_is_kept_by_browsers() {
    let service = Viewer::start();
    let kept = service.get("/assets/page-ABC.js");
    assert_eq!(
        (kept.status, kept.header("cache-control")),
        (200, "public, max-age=31536000, immutable")
    );
    for path in ["/d/first", "/api/search", "/assets/other.js"] {
        assert_eq!(service.get(path).header("cache-control"), "no-cache");
    }
}

#[test]
fn every_answer_tells_browsers_to_be_strict() {
    let service = Viewer::start();
    for path in [
        "/",
        "/d/first",
        "/assets/page-ABC.js",
        "/health",
        "/nothing",
    ] {
        let reply = service.get(path);
        let policy = reply.header("content-security-policy");
        assert!(policy.contains("default-src 'none'"), "{path}: {policy}");
        assert!(policy.contains("script-src 'self';"), "{path}: {policy}");
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
    }
}

#[test]
fn no_path_leads_out_of_the_folders() {
    let service = Viewer::start();
    for path in [
        "/assets/../../secret.json",
        "/assets/%2e%2e/%2e%2e/secret.json",
        "/public/..%2f..%2fsecret.json",
        "/d/..%2f..%2fsecret",
    ] {
        let reply = service.get(path);
        assert!(
            matches!(reply.status, 400 | 404),
            "{path}: {}",
            reply.status
        );
        assert_ne!(reply.body.as_str(), "{}", "{path}");
    }
}

#[test]
fn nothing_can_be_changed() {
    let service = Viewer::start();
    for path in [
        "/",
        "/d/first",
        "/api/search",
        "/api/dashboards/uid/first",
        "/health",
    ] {
        for method in ["POST", "PUT", "DELETE"] {
            let reply = service.send(method, path, "");
            assert_eq!(reply.status, 405, "{method} {path}");
        }
    }
    assert_eq!(service.get("/nothing").status, 404);
}

#[test]
fn health_is_answered_on_our_path_and_on_that_of_grafana() {
    let service = Viewer::start();
    for path in ["/health", "/api/health"] {
        assert_eq!(service.get(path).json()["status"], "ok");
    }
}
