//! Servers that are particular about requests, and answers that are longer than most.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use crate::support::report;

/// Heads of requests, as they came.
type Heads = Arc<Mutex<Vec<String>>>;

/// A server that answers everything with these bytes, and keeps what it was asked.
fn serve(answer: Vec<u8>) -> (String, Heads) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    let heads = Heads::default();
    let seen = Arc::clone(&heads);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (answer, seen) = (answer.clone(), Arc::clone(&seen));
            std::thread::spawn(move || connection(stream, &answer, &seen));
        }
    });
    (url, heads)
}

fn connection(mut stream: TcpStream, answer: &[u8], seen: &Heads) {
    let (mut buffer, mut chunk) = (Vec::new(), [0; 4096]);
    while let Ok(read @ 1..) = stream.read(&mut chunk) {
        buffer.extend_from_slice(&chunk[..read]);
        while let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            let head: Vec<u8> = buffer.drain(..end + 4).collect();
            let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
            seen.lock().expect("nobody panicked").push(head);
            if stream.write_all(answer).is_err() {
                return;
            }
        }
    }
}

const SHORT: [&str; 4] = ["--rate", "20", "--duration", "500ms"];

#[test]
fn a_method_that_may_have_a_body_says_that_there_is_none() {
    for (method, has_length) in [
        ("POST", true),
        ("PUT", true),
        ("PATCH", true),
        ("GET", false),
        ("DELETE", false),
    ] {
        let (url, heads) = serve(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec());
        let more = [&SHORT[..], &["--method", method, "--wait", "0s"]].concat();
        let (code, report) = report("steady", &url, &more);
        assert_eq!((code, report.counts.ok), (0, 10), "{method}");
        for head in heads.lock().expect("nobody panicked").iter() {
            assert!(head.starts_with(&method.to_ascii_lowercase()), "{head}");
            assert_eq!(
                head.contains("\r\ncontent-length: 0\r\n"),
                has_length,
                "{head}"
            );
        }
    }
}

#[test]
fn an_answer_to_head_has_a_length_and_no_body() {
    let (url, heads) = serve(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n".to_vec());
    let more = [&SHORT[..], &["--method", "HEAD", "--wait", "0s"]].concat();
    let (code, report) = report("steady", &url, &more);
    assert_eq!((code, report.counts.ok), (0, 10));
    assert_eq!(heads.lock().expect("nobody panicked").len(), 10);
}

#[test]
fn long_heads_and_many_headers_are_an_answer_to_the_load_and_to_ready() {
    let one = |length: usize| vec![format!("x-long: {}\r\n", "x".repeat(length))];
    let many = |count: usize| (0..count).map(|k| format!("x-{k}: y\r\n")).collect();
    for (name, headers) in [
        ("8.3 kB", one(8_300)),
        ("256 kB", one(262_000)),
        ("101 headers", many(100)),
        ("1,000 headers", many(999)),
    ] {
        let headers: Vec<String> = headers;
        let answer = format!(
            "HTTP/1.1 200 OK\r\n{}content-length: 2\r\n\r\n{{}}",
            headers.concat()
        );
        let (url, _) = serve(answer.into_bytes());
        let (code, report) = report("steady", &url, &SHORT);
        assert_eq!((code, report.counts.ok), (0, 10), "{name}");
    }
}
