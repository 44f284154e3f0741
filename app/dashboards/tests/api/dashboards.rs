//! The dashboards and their data sources, as JSON.

use serde_json::json;

use crate::support::Viewer;

#[test]
fn lists_the_dashboards_of_every_folder() {
    let service = Viewer::start();
    assert_eq!(
        service.get("/api/search").json(),
        json!([
            {"uid": "first", "title": "First", "tags": ["shown"]},
            {"uid": "practice", "title": "Practice", "tags": []},
        ])
    );
}

#[test]
fn a_new_file_and_an_edit_are_seen_at_once() {
    let service = Viewer::start();
    service.write("practice/new.json", r#"{"uid": "new", "title": "New"}"#);
    assert_eq!(service.get("/d/new").status, 200);
    service.write(
        "practice/practice.json",
        r#"{"uid": "practice", "title": "Mine"}"#,
    );
    let found = service.get("/api/dashboards/uid/practice").json();
    assert_eq!(found["dashboard"]["title"], "Mine");
}

#[test]
fn a_dashboard_is_what_its_file_is() {
    let reply = Viewer::start().get("/api/dashboards/uid/practice");
    assert_eq!(reply.json()["dashboard"]["panels"], json!([{"id": 1}]));
}

#[test]
fn a_file_that_cannot_be_read_is_named_with_the_place() {
    let service = Viewer::start();
    service.write(
        "practice/practice.json",
        "{\n  \"uid\": \"practice\"\n  \"title\": 1}",
    );
    let reply = service.get("/api/dashboards/uid/practice");
    let problem = reply.json();
    let detail = problem["detail"].as_str().expect("a text");
    assert_eq!(reply.status, 404);
    assert!(
        detail.contains("practice.json") && detail.contains("line 3"),
        "{detail}"
    );
    // The others are still there.
    assert_eq!(service.get("/api/dashboards/uid/first").status, 200);
}

#[test]
fn lists_the_prometheus_servers_without_their_addresses() {
    assert_eq!(
        Viewer::start().get("/api/datasources").json(),
        json!([{
            "name": "Prometheus", "uid": "prometheus", "type": "prometheus", "isDefault": true,
            "jsonData": {"timeInterval": "5s"},
        }])
    );
}
