//! What of Prometheus can be reached, and within which limits.

use std::sync::atomic::Ordering;
use std::thread;

use crate::support::Viewer;

const API: &str = "/api/datasources/proxy/uid/prometheus/api/v1";

#[test]
fn queries_series_and_labels_are_passed_on() {
    let service = Viewer::start();
    for endpoint in ["query", "query_range", "series", "labels"] {
        let reply = service.get(&format!("{API}/{endpoint}?query=up%7B%7D&time=1"));
        assert_eq!(reply.status, 200, "{endpoint}");
        assert_eq!(reply.json()["status"], "success");
        let reply = service.post_form(&format!("{API}/{endpoint}"), "query=up&time=1");
        assert_eq!(reply.status, 200, "{endpoint}");
    }
    let asked = service.asked();
    assert_eq!(asked[0].path, "/prefix/api/v1/query?query=up%7B%7D&time=1");
    assert_eq!(
        (asked[0].method.as_str(), asked[0].body.as_str()),
        ("GET", "")
    );
    assert_eq!(asked[1].path, "/prefix/api/v1/query");
    assert_eq!(
        (asked[1].method.as_str(), asked[1].body.as_str()),
        ("POST", "query=up&time=1")
    );
}

#[test]
fn the_name_of_a_label_stays_one_part_of_the_path() {
    let service = Viewer::start();
    for (given, passed) in [
        ("instance", "instance"),
        ("a%2F..%2F..%2Fadmin", "a%2F%2E%2E%2F%2E%2E%2Fadmin"),
        ("a%3Fb%23c%20d", "a%3Fb%23c%20d"),
        ("%C3%A9t%C3%A9", "%C3%A9t%C3%A9"),
    ] {
        let reply = service.get(&format!("{API}/label/{given}/values?match[]=up"));
        assert_eq!(reply.status, 200, "{given}");
        let asked = service.asked();
        let path = &asked.last().expect("asked").path;
        assert_eq!(
            *path,
            format!("/prefix/api/v1/label/{passed}/values?match[]=up")
        );
    }
}

#[test]
fn nothing_else_of_prometheus_can_be_reached() {
    let service = Viewer::start();
    for path in [
        "/admin/tsdb/delete_series",
        "/status/config",
        "/targets",
        "/alerts",
        "/write",
        "/query/../status/config",
        "/query%2F..%2Fadmin",
        "/query_exemplars",
        "/label/instance",
        "/label//values",
        "/label/a/values/b",
        "",
    ] {
        let reply = service.get(&format!("{API}{path}"));
        assert!(
            matches!(reply.status, 400 | 404),
            "{path}: {}",
            reply.status
        );
        let reply = service.post_form(&format!("{API}{path}"), "");
        assert!(matches!(reply.status, 400 | 404 | 405), "{path}");
    }
    let labels = format!("{API}/label/instance/values");
    assert_eq!(service.post_form(&labels, "").status, 405);
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS"] {
        let reply = service.send(method, &format!("{API}/query?query=up"), "");
        assert_eq!(reply.status, 405, "{method}");
    }
    assert!(service.asked().is_empty(), "{:?}", service.asked());
}

#[test]
fn only_the_data_sources_of_the_file_are_asked() {
    let service = Viewer::start();
    for uid in ["alertmanager", "other", "http:%2F%2F127.0.0.1:1"] {
        let path = format!("/api/datasources/proxy/uid/{uid}/api/v1/query?query=up");
        assert_eq!(service.get(&path).status, 404, "{uid}");
    }
    assert!(service.asked().is_empty());
}

#[test]
fn no_header_but_accept_and_content_type_is_passed_on() {
    let service = Viewer::start();
    let headers = [
        ("accept", "application/json"),
        ("authorization", "Basic c2VjcmV0"),
        ("content-type", "application/x-www-form-urlencoded"),
        ("cookie", "session=1"),
        ("x-forwarded-for", "192.0.2.1"),
    ];
    service.send_with("POST", &format!("{API}/query"), "query=up", &headers);
    let mut names: Vec<_> = service.asked()[0]
        .headers
        .keys()
        .map(ToString::to_string)
        .collect();
    names.sort();
    assert_eq!(names, ["accept", "content-length", "content-type", "host"]);
}

#[test]
fn a_body_must_be_a_form_of_at_most_a_megabyte() {
    let service = Viewer::start();
    let path = format!("{API}/query");
    assert_eq!(service.send("POST", &path, "{}").status, 415);
    let untyped = service.send_with("POST", &path, "query=up", &[]);
    assert_eq!(untyped.status, 415);
    let largest = format!("query={}", "1".repeat((1 << 20) - 6));
    assert_eq!(service.post_form(&path, &largest).status, 200);
    assert_eq!(service.post_form(&path, &(largest + "1")).status, 413);
    assert_eq!(service.asked().len(), 1);
}

#[test]
fn an_answer_of_more_than_10_megabytes_is_an_error_that_says_so() {
    let reply = Viewer::start().get(&format!("{API}/query?query=huge"));
    assert_eq!(reply.status, 502);
    assert_eq!(reply.json()["status"], "error");
    let error = reply.json()["error"].to_string();
    assert!(error.contains("10 MiB"), "{error}");
}

#[test]
fn prometheus_is_asked_sixteen_questions_at_once_and_no_more() {
    let service = Viewer::start();
    thread::scope(|scope| {
        for _ in 0..40 {
            scope.spawn(|| {
                let reply = service.get(&format!("{API}/query?query=slow"));
                assert_eq!(reply.status, 200);
            });
        }
    });
    let most = service.prometheus.most_at_once.load(Ordering::SeqCst);
    assert_eq!(most, 16);
}

#[test]
fn a_prometheus_that_is_not_there_is_an_error_in_its_own_form() {
    let service = Viewer::start_without_prometheus();
    let reply = service.get(&format!("{API}/query?query=up"));
    assert_eq!(reply.status, 502);
    assert_eq!(reply.json()["error"], "Prometheus does not answer");
}
