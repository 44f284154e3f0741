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
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::target::{Addresses, MAX_HEADERS, Request};

/// Longest head of an answer, 256 kB and some room; bodies of any length pass through the buffer.
const MAX_HEAD_BYTES: usize = 272 * 1024;
/// Room for one read.
const READ_BYTES: usize = 16 * 1024;
/// Length of the line break after a chunk.
const CRLF: u64 = 2;
const MAX_TRAILERS: usize = 64;
const SWITCHING_PROTOCOLS: u16 = 101;

/// Why there was no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// No connection could be opened.
    Connect,
    /// It broke, or what came back was not HTTP.
    Reset,
}

/// A connection to one of the target's addresses at a time.
pub(super) struct Connection {
    addresses: Addresses,
    /// Which address is used; moves on when one can't be reached.
    turn: usize,
    stream: Option<TcpStream>,
    received: Received,
}

impl Connection {
    /// A closed one that will start at the address of this `turn`.
    pub(super) fn new(addresses: Addresses, turn: usize) -> Self {
        Self {
            addresses,
            turn,
            stream: None,
            received: Received::default(),
        }
    }

    /// Opens it at the first address that can be reached; each is tried once.
    pub(super) async fn open_anywhere(&mut self) {
        for _ in 0..self.addresses.known().len() {
            if self.open().await.is_ok() {
                return;
            }
        }
    }

    /// Opens it unless it is open; on failure the next attempt goes to the next address.
    async fn open(&mut self) -> Result<&mut TcpStream, Failure> {
        if self.stream.is_none() {
            let addresses = self.addresses.known();
            let address = addresses[self.turn % addresses.len()];
            // Counted before the attempt: one that is cut off by a timeout has failed too.
            self.turn = self.turn.wrapping_add(1);
            let stream = TcpStream::connect(address).await.map_err(|_| {
                self.addresses.failed();
                Failure::Connect
            })?;
            // Only costs latency where it is refused.
            let _refused = stream.set_nodelay(true);
            self.turn = self.turn.wrapping_sub(1);
            self.received = Received::default();
            self.stream = Some(stream);
        }
        self.stream.as_mut().ok_or(Failure::Connect)
    }

    /// Notices that the other side has closed, or sent what nobody asked for.
    pub(super) fn watch(&mut self, cx: &mut Context<'_>) {
        while let Some(stream) = &self.stream
            && stream.poll_read_ready(cx).is_ready()
        {
            let read = stream.try_read(&mut [0]);
            if !read.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock) {
                self.stream = None;
            }
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.stream.is_some()
    }

    /// Gives the connection up: an answer that is still to come must not be taken for the next one's.
    pub(super) fn close(&mut self) {
        if self.stream.take().is_none() {
            // It was still connecting.
            self.addresses.failed();
        }
    }

    /// Sends a request, reads the whole answer, and returns its status.
    pub(super) async fn exchange(&mut self, request: &Request) -> Result<u16, Failure> {
        poll_fn(|cx| {
            self.watch(cx);
            Poll::Ready(())
        })
        .await;
        let mut may_be_stale = self.is_open();
        let result = loop {
            match send(self.open().await?, &request.bytes).await {
                Ok(()) => break self.receive(request.is_head).await,
                // Closed by the other side while it was idle, and not a byte was sent: one new connection.
                Err(0) if may_be_stale => {
                    self.stream = None;
                    may_be_stale = false;
                }
                Err(_) => break Err(io::ErrorKind::BrokenPipe.into()),
            }
        };
        let Ok(answer) = result else {
            self.stream = None;
            self.addresses.failed();
            return Err(Failure::Reset);
        };
        if answer.is_last {
            self.stream = None;
        }
        Ok(answer.status)
    }

    async fn receive(&mut self, is_head: bool) -> io::Result<Answer> {
        let Self {
            stream, received, ..
        } = self;
        let stream = stream.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        received.answer(stream, is_head).await
    }
}

/// Writes all of it, or says how much was written before an error.
async fn send(stream: &mut TcpStream, bytes: &[u8]) -> Result<(), usize> {
    let mut written = 0;
    while written < bytes.len() {
        match stream.write(&bytes[written..]).await {
            Ok(0) | Err(_) => return Err(written),
            Ok(more) => written += more,
        }
    }
    Ok(())
}

/// What is kept of an answer.
struct Answer {
    status: u16,
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
    status: u16,
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
                self.skip(stream, size.saturating_add(CRLF)).await?;
            },
            Body::UntilClose => loop {
                self.done = self.bytes.len();
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
        parse: impl Fn(&[u8]) -> io::Result<Option<(usize, T)>>,
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
            let here = self.rest().len() as u64;
            if length <= here {
                self.done += usize::try_from(length).unwrap_or_default();
                return Ok(());
            }
            length -= here;
            self.done = self.bytes.len();
            if !self.fill(stream).await? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
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
    let status = response.code.unwrap_or_default();
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
        _ if is_head || matches!(status, 100..200 | 204 | 304) => Body::Length(0),
        (Some(true), _) => Body::Chunked,
        (None, Some(length)) => Body::Length(length),
        (Some(false), _) | (None, None) => Body::UntilClose,
    };
    let is_ambiguous = is_chunked.is_some() && length.is_some();
    let head = Head {
        status,
        is_interim: (100..200).contains(&status) && status != SWITCHING_PROTOCOLS,
        body,
        is_last: is_last
            || is_ambiguous
            || status == SWITCHING_PROTOCOLS
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

    use super::{Addresses, Connection, Failure, Request};

    /// What an exchange makes of an answer that comes byte by byte, and whether the connection is kept.
    fn exchange(method: &str, answer: &'static [u8]) -> (Result<u16, Failure>, bool) {
        let mut runtime = runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            let address = listener.local_addr().expect("it is bound");
            let server = async {
                let (mut stream, _) = listener.accept().await.expect("somebody connects");
                stream.set_nodelay(true).expect("it is open");
                let _request = stream.read(&mut [0; 1024]).await;
                for byte in answer {
                    if stream.write_all(&[*byte]).await.is_err() {
                        break;
                    }
                    tokio::task::yield_now().await;
                }
                let is_closed_by_length = answer.ends_with(b"until close");
                (!is_closed_by_length).then_some(stream)
            };
            let addresses = Addresses::new(vec![address], || Ok(Vec::new()));
            let mut connection = Connection::new(addresses, 0);
            let request = Request {
                bytes: b"GET / HTTP/1.1\r\n\r\n".to_vec(),
                is_head: method == "HEAD",
            };
            let (_stream, result) = tokio::join!(server, connection.exchange(&request));
            (result, connection.is_open())
        })
    }

    #[test]
    fn an_answer_ends_where_its_head_says() {
        for (method, answer, status, is_kept) in [
            ("GET", "200 OK\r\ncontent-length: 5\r\n\r\nhello", 200, true),
            ("GET", "200 OK\r\nContent-Length: 0\r\n\r\n", 200, true),
            ("HEAD", "200 OK\r\ncontent-length: 5\r\n\r\n", 200, true),
            ("GET", "204 No Content\r\n\r\n", 204, true),
            (
                "GET",
                "304 Not Modified\r\ncontent-length: 5\r\n\r\n",
                304,
                true,
            ),
            (
                "GET",
                "404 Not Found\r\nconnection: x, Close\r\ncontent-length: 2\r\n\r\nno",
                404,
                false,
            ),
            (
                "GET",
                "200 OK\r\ntransfer-encoding: gzip, Chunked\r\n\r\n5;x=y\r\nhello\r\nA\r\n0123456789\r\n0\r\nt: v\r\n\r\n",
                200,
                true,
            ),
            (
                "GET",
                "200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n0\r\n\r\n",
                200,
                false,
            ),
            ("GET", "200 OK\r\n\r\nuntil close", 200, false),
            (
                "GET",
                "100 Continue\r\n\r\nHTTP/1.1 503 Busy\r\ncontent-length: 1\r\n\r\n.",
                503,
                true,
            ),
            ("GET", "101 Switching Protocols\r\n\r\n", 101, false),
        ] {
            let answer: &'static str = format!("HTTP/1.1 {answer}").leak();
            let found = exchange(method, answer.as_bytes());
            assert_eq!(found, (Ok(status), is_kept), "{answer}");
        }
        let old = b"HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\n.";
        assert_eq!(exchange("GET", old), (Ok(200), false));
    }

    #[test]
    fn what_is_not_http_is_no_answer() {
        for answer in [
            "\x16\x03\x01 this is not HTTP\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n.",
            "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n.",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nx\r\n",
        ] {
            let found = exchange("GET", answer.as_bytes());
            assert_eq!(found, (Err(Failure::Reset), false), "{answer}");
        }
    }
}
