//! Answers of every kind, byte by byte.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::runtime;

use super::{Connection, Failure};
use crate::target::{Addresses, Request, Server};

/// What is made of an answer that comes byte by byte, and whether the connection is kept. Lines end with `|`.
fn exchange(method: &str, answer: &str) -> String {
    let mut runtime = runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let server = async {
            let (mut stream, _) = listener.accept().await.expect("somebody connects");
            stream.set_nodelay(true).expect("it is open");
            let _request = stream.read(&mut [0; 1024]).await;
            for byte in answer.replace('|', "\r\n").bytes() {
                if stream.write_all(&[byte]).await.is_err() {
                    break;
                }
                tokio::task::yield_now().await;
            }
            // Kept open unless that is what ends the answer.
            (!answer.ends_with("until close")).then_some(stream)
        };
        let target = Server::parse("http://target").expect("a URL");
        let mut connection = Connection::new(Addresses::new(&target, vec![address]), 0);
        connection.open().await.expect("the server listens");
        connection.received.body = Some(Vec::new());
        let request = Request::new(&target, &method.parse().expect("a method"), "/");
        let (_stream, result) = tokio::join!(server, connection.exchange(&request));
        let body = connection.received.body.take().unwrap_or_default();
        let kept = if connection.is_open() {
            "kept"
        } else {
            "closed"
        };
        match result {
            Ok(status) => format!(
                "{} {:?} {kept}",
                status.as_u16(),
                String::from_utf8_lossy(&body)
            ),
            Err(Failure::Reset(_)) => format!("reset {kept}"),
            Err(Failure::Connect(_)) => "no connection".into(),
        }
    })
}

#[test]
fn an_answer_ends_where_its_head_says() {
    let chunked = "1 200 OK|transfer-encoding: x, Chunked||5;x=y|hello|7|, hello|0|t: v||";
    let both = "1 200 OK|transfer-encoding: chunked|content-length: 3||0||";
    let after_continue = "1 100 Continue||HTTP/1.1 503 Busy|content-length: 1||.";
    let closing = "1 404 Not Found|connection: x, Close|content-length: 2||no";
    for (method, answer, wanted) in [
        ("GET", "1 200 OK|content-length: 2||hi", "200 \"hi\" kept"),
        ("GET", "1 200 OK|Content-Length: 0||", "200 \"\" kept"),
        ("GET", "0 200 OK|content-length: 1||.", "200 \".\" closed"),
        ("HEAD", "1 200 OK|content-length: 5||", "200 \"\" kept"),
        ("GET", "1 204 No Content||", "204 \"\" kept"),
        ("GET", "1 304 X|content-length: 5||", "304 \"\" kept"),
        ("GET", closing, "404 \"no\" closed"),
        ("GET", chunked, "200 \"hello, hello\" kept"),
        ("GET", both, "200 \"\" closed"),
        ("GET", "1 200 OK||until close", "200 \"until close\" closed"),
        ("GET", after_continue, "503 \".\" kept"),
        ("GET", "1 101 Switching||", "101 \"\" closed"),
    ] {
        let found = exchange(method, &format!("HTTP/1.{answer}"));
        assert_eq!(found, wanted, "{answer}");
    }
}

#[test]
fn what_is_not_http_is_no_answer() {
    for answer in [
        "\x16\x03\x01 this is not HTTP||",
        "HTTP/1.1 099 Low||",
        "HTTP/1.1 200 OK|content-length: 1|content-length: 2||.",
        "HTTP/1.1 200 OK|content-length: -1||.",
        "HTTP/1.1 200 OK|transfer-encoding: chunked||x|",
        "HTTP/1.1 200 OK|transfer-encoding: chunked||1|xx|",
    ] {
        assert_eq!(exchange("GET", answer), "reset closed", "{answer}");
    }
}
