//! Errors: problem details with a stable code.

use crate::support::{FINISHED, start};

/// Method, path, status, code, and what the detail must say.
const CASES: &str = r#"
POST   /simulate?error_rat=0.5              400 unknown_parameter  error_rate
POST   /orders?slo=true                     400 unknown_parameter  slow_seconds
POST   /simulate?count=0                    400 invalid_parameter  count="0" is not valid: expected a whole number from 1 to 10000
POST   /simulate?count=10001                400 invalid_parameter  10000
POST   /simulate?count=1e2                  400 invalid_parameter  1e2
POST   /simulate?error_rate=NaN             400 invalid_parameter  a number from 0 to 1
POST   /simulate?error_rate=-0.1            400 invalid_parameter  -0.1
POST   /simulate?slow_rate=inf              400 invalid_parameter  inf
POST   /simulate?slow_seconds=61            400 invalid_parameter  60
POST   /simulate?seed=-1                    400 invalid_parameter  seed
POST   /simulate?count=1&count=2            400 repeated_parameter count
POST   /orders?fail=yes                     400 invalid_parameter  true or false
POST   /orders?slow=true&slow_seconds=1e300 400 invalid_parameter  60
POST   /orders?slow_seconds=3               400 invalid_parameter  slow_seconds="3" is not valid: expected slow=true beside it
POST   /orders?slow=false&slow_seconds=0.5  400 invalid_parameter  slow=true
POST   /simulate?slow_seconds=3             400 invalid_parameter  expected slow_rate beside it
POST   /orders?slow_seconds=61              400 invalid_parameter  a number from 0 to 60
GET    /order                               404 not_found          GET /
POST   /orders/                             404 not_found          /orders/
GET    /orders                              405 method_not_allowed GET
DELETE /metrics                             405 method_not_allowed DELETE
BREW   /health                              405 method_not_allowed BREW"#;

#[test]
fn every_bad_request_says_what_is_wrong() {
    let service = start(&[]);
    for case in CASES.trim().lines() {
        let mut words = case.split_whitespace();
        let mut word = || words.next().expect("five columns");
        let [method, path, status, code] = [word(), word(), word(), word()];
        let says = words.collect::<Vec<_>>().join(" ");

        let answer = service.send(method, path, "");

        let (found, found_code) = answer.problem();
        assert_eq!(
            (found.to_string().as_str(), found_code.as_str()),
            (status, code),
            "{case}"
        );
        let problem = answer.json();
        assert_eq!(problem["status"], found, "{case}");
        assert!(problem["title"].is_string() && problem["type"].is_string());
        let detail = problem["detail"].as_str().expect("a text");
        assert!(detail.contains(&says), "{case}: {detail}");
    }
    assert_eq!(service.sample(FINISHED), "0", "none of it was an order");
}

#[test]
fn parameters_in_a_body_are_refused_and_not_ignored() {
    let service = start(&[]);
    for path in ["/orders", "/simulate"] {
        let answer = service.send("POST", path, "count=50");
        assert_eq!(answer.problem(), (400, "unexpected_body".to_owned()));
        assert!(
            answer.body.contains("/simulate?count=50"),
            "{}",
            answer.body
        );
    }
    assert_eq!(service.sample(FINISHED), "0");
}

#[test]
fn a_wrong_method_is_told_the_right_one() {
    let service = start(&[]);
    assert_eq!(service.get("/orders").header("allow"), "POST");
    assert_eq!(service.post("/health").header("allow"), "GET,HEAD");
}

#[test]
fn made_up_methods_and_paths_share_one_series() {
    let service = start(&[]);
    for (method, path) in [("BREW", "/a"), ("STIR", "/b"), ("SIP", "/c")] {
        assert_eq!(service.send(method, path, "").status, 404);
    }
    let unmatched = r#"http_server_request_duration_seconds_count{http_request_method="_OTHER",http_response_status_code="404",url_scheme="http"}"#;
    assert_eq!(service.sample(unmatched), "3");
}
