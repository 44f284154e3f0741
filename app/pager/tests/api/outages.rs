//! `/outage`: endpoints that fail on purpose.

use serde_json::json;

use crate::support::Pager;

#[test]
fn an_endpoint_fails_until_its_outage_is_over_and_leaves_the_others_alone() {
    let pager = Pager::start(&[]);
    let message = json!({"text": "x"});
    for (receiver, path, other) in [
        ("slack", "/slack", "/webhook"),
        ("pagerduty", "/pagerduty/v2/enqueue", "/slack"),
        ("webhook", "/webhook", "/pagerduty/v2/enqueue"),
    ] {
        let outage = format!("/outage/{receiver}");
        let started = pager.send("PUT", &outage, "");
        assert_eq!(
            (started.status, &started.json()[receiver]),
            (200, &json!(true))
        );
        assert_eq!(pager.post_json(path, &message).status, 500, "{path}");
        assert_ne!(pager.post_json(other, &message).status, 500, "{other}");
        assert_eq!(pager.refused(receiver, "outage"), "1");
        assert_eq!(pager.send("DELETE", &outage, "").status, 200);
        assert_ne!(pager.post_json(path, &message).status, 500, "{path}");
    }
    let none = json!({"slack": false, "pagerduty": false, "webhook": false});
    assert_eq!(pager.get("/outage").json(), none);
}

#[test]
fn there_is_no_outage_of_what_has_no_endpoint() {
    let pager = Pager::start(&[]);
    for receiver in ["email", "dead-mans-switch"] {
        let refused = pager.send("PUT", &format!("/outage/{receiver}"), "");
        assert_eq!(refused.problem(), (404, "unknown_receiver".to_owned()));
    }
}
