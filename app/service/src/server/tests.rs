//! Clients that misbehave, on real connections.

use std::net::SocketAddr;

use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::*;

/// A service on a port of its own; stops when `stop` is dropped.
struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Server {
    async fn start(limits: Limits) -> Self {
        let slow = async || tokio::time::sleep(Duration::from_millis(300)).await;
        let app = Router::new()
            .route("/", get(async || "fine"))
            .route("/slow", get(slow));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let (stop, stopped) = oneshot::channel::<()>();
        let stop_asked = async {
            // An error means that the sender is dropped, which is how it is asked.
            let _ = stopped.await;
        };
        let serving = tokio::spawn(serve(listener, app, limits, stop_asked));
        Self {
            address,
            stop,
            serving,
        }
    }

    /// A connection on which this much was sent.
    async fn send(&self, bytes: impl AsRef<[u8]>) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.expect("it listens");
        stream.write_all(bytes.as_ref()).await.expect("it reads");
        stream
    }

    /// Everything that comes back until the connection is closed.
    async fn exchange(&self, bytes: impl AsRef<[u8]>) -> String {
        read(self.send(bytes).await).await
    }
}

/// Fails when the connection is not closed; an answer in time counts, a reset after it does not.
async fn read(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    let closed = timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await;
    let _reset = closed.expect("the connection is closed");
    String::from_utf8(answer).expect("text")
}

fn impatient() -> Limits {
    Limits {
        header_timeout: Duration::from_millis(100),
        ..Limits::DEFAULT
    }
}

#[tokio::test]
async fn half_sent_headers_and_idle_connections_are_closed_after_the_timeout() {
    let server = Server::start(impatient()).await;
    for sent in [
        "",
        "GET / HT",
        "GET / HTTP/1.1\r\nHost: h\r\nX-Padding: xxxxxxx",
    ] {
        assert_eq!(server.exchange(sent).await, "", "{sent:?}");
    }
    let answer = server.exchange("GET / HTTP/1.1\r\nHost: h\r\n\r\n").await;
    assert!(answer.ends_with("fine"), "answered, then idle: {answer}");
}

#[tokio::test]
async fn the_timeout_is_for_sending_a_request_and_not_for_its_answer() {
    let server = Server::start(impatient()).await;
    let answer = server.exchange("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n");
    assert!(answer.await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn headers_above_the_limit_are_a_431() {
    let server = Server::start(Limits::DEFAULT).await;
    let request = |bytes: usize| {
        let padding = "x".repeat(bytes);
        format!("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nX-Padding: {padding}\r\n\r\n")
    };
    let answer = server.exchange(request(12_000)).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let answer = server.exchange(request(16_384)).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    // Half-sent, it is refused at the limit and not kept until the timeout.
    let half = request(20_000);
    let answer = server.exchange(half.trim_end()).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
}

#[tokio::test]
async fn a_connection_above_the_limit_waits_for_another_to_end() {
    let server = Server::start(Limits {
        connections: 2,
        header_timeout: Duration::from_mins(1),
        ..Limits::DEFAULT
    })
    .await;
    let idle = [server.send("").await, server.send("").await];
    let mut third = server.send("GET / HTTP/1.0\r\n\r\n").await;
    let mut byte = [0];
    let early = timeout(Duration::from_millis(200), third.read(&mut byte)).await;
    assert!(early.is_err(), "answered although two are open");
    drop(idle);
    assert!(read(third).await.contains("200 OK"));
}

#[tokio::test]
async fn host_is_asked_for_as_rfc_9112_says() {
    let server = Server::start(Limits::DEFAULT).await;
    for (version, hosts, status) in [
        ("1.1", "", "400"),
        ("1.1", "Host: a\r\nHost: a\r\n", "400"),
        ("1.1", "Host: a b\r\n", "400"),
        ("1.1", "Host: http://a/\r\n", "400"),
        ("1.1", "Host: user@a\r\n", "400"),
        ("1.0", "Host: a\r\nHost: b\r\n", "400"),
        ("1.1", "Host: a\r\n", "200"),
        ("1.1", "Host:\r\n", "200"),
        ("1.1", "host: [::1]:8000\r\n", "200"),
        ("1.1", "Host: orders_1.example:80\r\n", "200"),
        ("1.0", "", "200"),
    ] {
        let request = format!("GET / HTTP/{version}\r\n{hosts}Connection: close\r\n\r\n");
        let answer = server.exchange(&request).await;
        assert_eq!(answer.get(9..12), Some(status), "{request:?}: {answer}");
        let problem =
            answer.contains("application/problem+json") && answer.contains("invalid_host");
        assert_eq!(problem, status == "400", "{answer}");
    }
}

#[tokio::test]
async fn a_stop_closes_what_is_idle_and_finishes_what_has_begun() {
    let server = Server::start(Limits {
        close_timeout: Duration::from_mins(1),
        ..Limits::DEFAULT
    })
    .await;
    let idle = server.send("").await;
    let mut begun = server.send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n").await;
    // Accepted in order: once this one is answered, the others are being served.
    let answered = server.exchange("GET / HTTP/1.0\r\n\r\n").await;
    assert!(answered.contains("200 OK"));

    drop(server.stop);

    assert_eq!(read(idle).await, "");
    let mut answer = vec![0; 12];
    begun.read_exact(&mut answer).await.expect("an answer");
    assert_eq!(answer, b"HTTP/1.1 200");
    let ended = timeout(Duration::from_secs(10), server.serving).await;
    ended.expect("long before the timeout").expect("no panic");
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn a_stop_cuts_off_what_does_not_end_in_time() {
    let server = Server::start(Limits {
        close_timeout: Duration::from_millis(200),
        ..Limits::DEFAULT
    })
    .await;
    let half_sent = server.send("GET / HTTP/1.1\r\nHost: h").await;
    server.exchange("GET / HTTP/1.0\r\n\r\n").await;
    drop(server.stop);
    assert_eq!(read(half_sent).await, "");
    server.serving.await.expect("no panic");
}
