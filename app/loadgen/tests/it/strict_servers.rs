//! Servers that are particular about requests, and answers that are longer than most.

use std::sync::{Arc, Mutex};

use crate::support::{report, serve};

const SHORT: &str = "steady --rate 20 --duration 500ms";

#[test]
fn a_method_that_may_have_a_body_says_that_there_is_none() {
    for (method, has_length, length_of_answer) in [
        ("POST", true, 0),
        ("PUT", true, 0),
        ("PATCH", true, 0),
        ("GET", false, 0),
        ("DELETE", false, 0),
        // Its answer has a length and no body.
        ("HEAD", false, 99),
    ] {
        let heads = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&heads);
        let url = serve(move |head| {
            let mut seen = seen.lock().expect("nobody panicked");
            seen.push(head.to_ascii_lowercase());
            format!("HTTP/1.1 200 OK\r\ncontent-length: {length_of_answer}\r\n\r\n").into()
        });
        let (code, report) = report(&url, &format!("{SHORT} --method {method} --wait 0s"));
        assert_eq!(code, 0, "{method}");
        assert_eq!(report["counts"]["ok"], 10, "{method}");
        let heads = heads.lock().expect("nobody panicked");
        assert_eq!(heads.len(), 10, "{method}");
        for head in heads.iter() {
            assert!(head.starts_with(&method.to_ascii_lowercase()), "{head}");
            let says_empty = head.contains("\r\ncontent-length: 0\r\n");
            assert_eq!(says_empty, has_length, "{head}");
        }
    }
}

#[test]
fn long_heads_and_many_headers_are_an_answer_to_the_load_and_to_ready() {
    let one = |length: usize| format!("x-long: {}\r\n", "x".repeat(length));
    let many = |count: usize| "x-same: y\r\n".repeat(count);
    for (name, headers) in [
        ("8.3 kB", one(8_300)),
        ("256 kB", one(262_000)),
        ("101 headers", many(100)),
        ("1,000 headers", many(999)),
    ] {
        let answer = format!("HTTP/1.1 200 OK\r\n{headers}content-length: 2\r\n\r\n{{}}");
        let url = serve(move |_| answer.clone().into());
        let (code, report) = report(&url, SHORT);
        assert_eq!(code, 0, "{name}");
        assert_eq!(report["counts"]["ok"], 10, "{name}");
    }
}
