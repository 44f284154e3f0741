//! `/outage`: endpoints that fail on purpose.

use serde_json::json;

use crate::support::{Reply, Service};

fn switch(service: &Service, method: &str, receiver: &str) -> Reply {
    let path = format!("/outage/{receiver}");
    service.client.send(method, &path, "application/json", "")
}

#[test]
fn an_endpoint_fails_until_its_outage_is_over() {
    let service = Service::start(&[]);
    let message = json!({"text": "x"});
    for (receiver, path) in [
        ("slack", "/slack"),
        ("pagerduty", "/pagerduty/v2/enqueue"),
        ("webhook", "/webhook"),
    ] {
        let started = switch(&service, "PUT", receiver);
        assert_eq!(
            (started.status, &started.json()[receiver]),
            (200, &json!(true))
        );
        assert_eq!(service.client.post(path, &message).status, 500, "{path}");
        let series = format!(r#"pager_refused_total{{reason="outage",receiver="{receiver}"}}"#);
        assert_eq!(service.client.sample(&series), "1");
        assert_eq!(switch(&service, "DELETE", receiver).status, 200);
        assert_ne!(service.client.post(path, &message).status, 500, "{path}");
    }
    assert_eq!(
        service.client.get("/outage").json(),
        json!({"slack": false, "pagerduty": false, "webhook": false})
    );
}

#[test]
fn one_outage_leaves_the_others_alone() {
    let service = Service::start(&[]);
    switch(&service, "PUT", "slack");
    assert_eq!(service.client.trigger("A", "k", "").status, 202);
    assert_eq!(service.client.get("/outage").json()["slack"], true);
}

#[test]
fn there_is_no_outage_of_what_has_no_endpoint() {
    let service = Service::start(&[]);
    for receiver in ["email", "dead-mans-switch"] {
        let answer = switch(&service, "PUT", receiver);
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (404, &json!("unknown_receiver"))
        );
    }
}
