//! One HTTP/1.1 connection: opened when needed, kept alive, opened again when it died.
//!
//! A request is the same bytes every time, and of an answer only its status and its end matter. A client library builds a request
//! and a response for each exchange, which takes several times the instructions; so heads are read by httparse, which is
//! hyper's parser too, and bodies are skipped here.

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::task::{Context, Poll};

use httparse::{EMPTY_HEADER, ParserConfig, Status};
use hyper::StatusCode;
use thiserror::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::target::{Addresses, Request};

/// Longest head of an answer, 256 kB and some room; bodies of any length pass through the buffer.
const MAX_HEAD_BYTES: usize = 272 * 1024;
const MAX_HEADERS: usize = 1000;
/// Room for one read.
const READ_BYTES: usize = 16 * 1024;
const MAX_TRAILERS: usize = 64;

/// Why there was no answer.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    /// No connection could be opened.
    #[error("{0}")]
    Connect(#[source] io::Error),
    /// It broke, or what came back was not HTTP.
    #[error("{0}")]
    Reset(#[source] io::Error),
}

/// A connection to one of the target's addresses at a time.
pub(crate) struct Connection {
    addresses: Addresses,
    /// Which address is used; moves on when one can't be reached.
    turn: usize,
    stream: Option<TcpStream>,
    received: Received,
}

impl Connection {
    /// A closed one that will start at the address of this `turn`.
    pub(crate) fn new(addresses: Addresses, turn: usize) -> Self {
        Self {
            addresses,
            turn,
            stream: None,
            received: Received::default(),
        }
    }

    /// Opens it at the first address that can be reached; each is tried once.
    pub(crate) async fn open_anywhere(&mut self) {
        for _ in 0..self.addresses.known().len() {
            if self.open().await.is_ok() {
                return;
            }
        }
    }

    /// Opens it unless it is open; on failure the next attempt goes to the next address.
    async fn open(&mut self) -> Result<(), Failure> {
        if self.stream.is_some() {
            return Ok(());
        }
        let addresses = self.addresses.known();
        let address = addresses[self.turn % addresses.len()];
        // Counted before the attempt: one that is cut off by a timeout has failed too.
        self.turn = self.turn.wrapping_add(1);
        let stream = TcpStream::connect(address).await.map_err(|cause| {
            self.addresses.failed();
            Failure::Connect(cause)
        })?;
        // Only costs latency where it is refused.
        let _refused = stream.set_nodelay(true);
        self.turn = self.turn.wrapping_sub(1);
        self.received = Received::default();
        self.stream = Some(stream);
        Ok(())
    }

    /// Notices that the other side has closed, or sent what nobody asked for.
    pub(crate) fn watch(&mut self, cx: &mut Context<'_>) {
        while let Some(stream) = &self.stream
            && stream.poll_read_ready(cx).is_ready()
        {
            let read = stream.try_read(&mut [0]);
            if !read.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock) {
                self.stream = None;
            }
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.stream.is_some()
    }

    /// Gives the connection up: an answer that is still to come must not be taken for the next one's.
    pub(crate) fn close(&mut self) {
        if self.stream.take().is_none() {
            // It was still connecting.
            self.addresses.failed();
        }
    }

    /// Sends a request, reads the whole answer, and returns its status.
    pub(crate) async fn exchange(&mut self, request: &Request) -> Result<StatusCode, Failure> {
        poll_fn(|cx| {
            self.watch(cx);
            Poll::Ready(())
        })
        .await;
        let mut may_be_stale = self.is_open();
        let result = loop {
            self.open().await?;
            let Some(stream) = &mut self.stream else {
                continue;
            };
            match send(stream, &request.bytes).await {
                Ok(()) => break self.received.answer(stream, request.is_head).await,
                // Closed by the other side while it was idle, and not a byte was sent: one new connection.
                Err((0, _)) if may_be_stale => {
                    self.stream = None;
                    may_be_stale = false;
                }
                Err((_, cause)) => break Err(cause),
            }
        };
        if !matches!(result, Ok(Answer { is_last: false, .. })) {
            self.stream = None;
        }
        result.map(|answer| answer.status).map_err(|cause| {
            self.addresses.failed();
            Failure::Reset(cause)
        })
    }

    /// The same on a new connection, and the answer's body.
    pub(crate) async fn fetch(
        mut self,
        request: &Request,
    ) -> Result<(StatusCode, Vec<u8>), Failure> {
        self.open_anywhere().await;
        self.open().await?;
        self.received.body = Some(Vec::new());
        let status = self.exchange(request).await?;
        Ok((status, self.received.body.unwrap_or_default()))
    }
}

/// Writes all of it, or says how much was written before an error.
async fn send(stream: &mut TcpStream, bytes: &[u8]) -> Result<(), (usize, io::Error)> {
    let mut written = 0;
    while written < bytes.len() {
        let more = stream.write(&bytes[written..]).await;
        written += more.map_err(|cause| (written, cause))?;
    }
    Ok(())
}

/// What is kept of an answer.
struct Answer {
    status: StatusCode,
    /// Whether the connection can't be used again.
    is_last: bool,
}

/// How an answer's body ends (RFC 9112, 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Body {
    Length(u64),
    Chunked,
    UntilClose,
}

/// A head as far as it matters.
#[derive(Debug)]
struct Head {
    status: StatusCode,
    /// Whether the answer proper is still to come, as after 100 Continue.
    is_interim: bool,
    body: Body,
    is_last: bool,
}

/// Bytes that were received, and how many of them are done with.
#[derive(Debug, Default)]
struct Received {
    bytes: Vec<u8>,
    done: usize,
    /// The body, if it is wanted.
    body: Option<Vec<u8>>,
}

impl Received {
    /// Reads one answer to its end.
    async fn answer(&mut self, stream: &mut TcpStream, is_head: bool) -> io::Result<Answer> {
        let head = loop {
            let head = self
                .parse(stream, |bytes| parse_head(bytes, is_head))
                .await?;
            if !head.is_interim {
                break head;
            }
        };
        match head.body {
            Body::Length(length) => self.skip(stream, length).await?,
            Body::Chunked => loop {
                let size = self.parse(stream, parse_chunk_size).await?;
                if size == 0 {
                    break self.parse(stream, parse_trailers).await?;
                }
                self.skip(stream, size).await?;
                self.parse(stream, parse_line_break).await?;
            },
            Body::UntilClose => loop {
                self.consume(self.rest().len());
                if !self.fill(stream).await? {
                    break;
                }
            },
        }
        Ok(Answer {
            status: head.status,
            // Bytes that nobody asked for must not be taken for the next answer.
            is_last: head.is_last || !self.rest().is_empty(),
        })
    }

    fn rest(&self) -> &[u8] {
        &self.bytes[self.done..]
    }

    /// Receives more; whether there is more.
    async fn fill(&mut self, stream: &mut TcpStream) -> io::Result<bool> {
        self.bytes.drain(..self.done);
        self.done = 0;
        self.bytes.reserve(READ_BYTES);
        Ok(stream.read_buf(&mut self.bytes).await? > 0)
    }

    /// Receives until `parse` has found what it looks for, and how long that is.
    async fn parse<T>(
        &mut self,
        stream: &mut TcpStream,
        parse: impl Fn(&[u8]) -> Parsed<T>,
    ) -> io::Result<T> {
        loop {
            if !self.rest().is_empty()
                && let Some((length, found)) = parse(self.rest())?
            {
                self.done += length;
                return Ok(found);
            }
            if self.rest().len() > MAX_HEAD_BYTES {
                return Err(io::ErrorKind::InvalidData.into());
            }
            if !self.fill(stream).await? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    async fn skip(&mut self, stream: &mut TcpStream, mut length: u64) -> io::Result<()> {
        loop {
            let here = usize::try_from(length)
                .map_or(self.rest().len(), |length| length.min(self.rest().len()));
            self.consume(here);
            length -= here as u64;
            if length == 0 {
                return Ok(());
            }
            if !self.fill(stream).await? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    fn consume(&mut self, length: usize) {
        let end = self.done + length;
        if let Some(body) = &mut self.body {
            body.extend_from_slice(&self.bytes[self.done..end]);
        }
        self.done = end;
    }
}

type Parsed<T> = io::Result<Option<(usize, T)>>;

#[expect(
    clippy::large_stack_arrays,
    reason = "never initialised, nor kept across an await"
)]
fn parse_head(bytes: &[u8], is_head: bool) -> Parsed<Head> {
    let mut headers = [const { MaybeUninit::uninit() }; MAX_HEADERS];
    let mut response = httparse::Response::new(&mut []);
    let parser = ParserConfig::default();
    let parsed = parser.parse_response_with_uninit_headers(&mut response, bytes, &mut headers);
    let Status::Complete(end) = parsed.map_err(invalid)? else {
        return Ok(None);
    };
    let status = StatusCode::from_u16(response.code.unwrap_or_default()).map_err(invalid)?;
    let mut is_last = response.version == Some(0);
    let (mut length, mut is_chunked) = (None, None);
    for header in &*response.headers {
        let value = header.value.trim_ascii();
        if header.name.eq_ignore_ascii_case("content-length") {
            let given = std::str::from_utf8(value).map_err(invalid)?;
            let given: u64 = given.parse().map_err(invalid)?;
            if length.replace(given).is_some_and(|other| other != given) {
                return Err(io::ErrorKind::InvalidData.into());
            }
        } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
            let last = value.rsplit(|byte| *byte == b',').next();
            let last = last.unwrap_or_default().trim_ascii();
            is_chunked = Some(last.eq_ignore_ascii_case(b"chunked"));
        } else if header.name.eq_ignore_ascii_case("connection") {
            for token in value.split(|byte| *byte == b',') {
                match token.trim_ascii().to_ascii_lowercase().as_slice() {
                    b"close" => is_last = true,
                    b"keep-alive" => is_last = false,
                    _ => {}
                }
            }
        }
    }
    let body = match (is_chunked, length) {
        _ if is_head || matches!(status.as_u16(), 100..200 | 204 | 304) => Body::Length(0),
        (Some(true), _) => Body::Chunked,
        (None, Some(length)) => Body::Length(length),
        (Some(false), _) | (None, None) => Body::UntilClose,
    };
    let is_ambiguous = is_chunked.is_some() && length.is_some();
    let head = Head {
        status,
        is_interim: status.is_informational() && status != StatusCode::SWITCHING_PROTOCOLS,
        body,
        is_last: is_last
            || is_ambiguous
            || status == StatusCode::SWITCHING_PROTOCOLS
            || body == Body::UntilClose,
    };
    Ok(Some((end, head)))
}

fn parse_chunk_size(bytes: &[u8]) -> Parsed<u64> {
    match httparse::parse_chunk_size(bytes) {
        Ok(Status::Complete(found)) => Ok(Some(found)),
        Ok(Status::Partial) => Ok(None),
        Err(_) => Err(io::ErrorKind::InvalidData.into()),
    }
}

/// The one after a chunk.
fn parse_line_break(bytes: &[u8]) -> Parsed<()> {
    match bytes {
        [b'\r', b'\n', ..] => Ok(Some((2, ()))),
        [b'\r'] => Ok(None),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

fn parse_trailers(bytes: &[u8]) -> Parsed<()> {
    let mut trailers = [EMPTY_HEADER; MAX_TRAILERS];
    match httparse::parse_headers(bytes, &mut trailers).map_err(invalid)? {
        Status::Complete((end, _)) => Ok(Some((end, ()))),
        Status::Partial => Ok(None),
    }
}

fn invalid(error: impl std::error::Error + Send + Sync + 'static) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

#[cfg(test)]
mod tests {
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
}
