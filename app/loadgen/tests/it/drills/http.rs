//! The least of an HTTP server: one thread, kept connections, requests without a body.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, LocalOptions};

/// Answers a method and a path with a status and a body; `None` closes the connection instead.
pub(crate) type Answers = Arc<dyn Fn(&str, &str) -> Option<(u16, String)> + Send + Sync>;

/// Serves on a free loopback port until the test process ends.
pub(crate) fn serve(answers: Answers) -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.set_nonblocking(true).expect("a socket can wait");
    let address = listener.local_addr().expect("it is bound");
    std::thread::spawn(move || {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build_local(LocalOptions::default())
            .expect("a runtime");
        runtime.block_on(async {
            let listener = TcpListener::from_std(listener).expect("a bound listener");
            while let Ok((stream, _)) = listener.accept().await {
                tokio::task::spawn_local(connection(stream, Arc::clone(&answers)));
            }
        });
    });
    address
}

async fn connection(mut stream: TcpStream, answers: Answers) {
    let mut buffer = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else {
            match stream.read(&mut chunk).await {
                Ok(read) if read > 0 => buffer.extend_from_slice(&chunk[..read]),
                _ => return,
            }
            continue;
        };
        let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
        buffer.drain(..end + 4);
        let mut words = head.split_whitespace();
        let (method, path) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
        let Some((status, body)) = answers(method, path) else {
            return;
        };
        let answer = format!(
            "HTTP/1.1 {status} Fake\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}
