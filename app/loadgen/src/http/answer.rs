//! The bytes of an answer, until its end: heads are read by httparse, which is hyper's parser too; how long bodies are is RFC 9112,
//! section 6.3.

use std::io;
use std::mem::MaybeUninit;

use httparse::{EMPTY_HEADER, ParserConfig, Status};
use hyper::StatusCode;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

/// Longest head of an answer, 256 kB and some room; bodies of any length pass through the buffer.
const MAX_HEAD_BYTES: usize = 272 * 1024;
const MAX_HEADERS: usize = 1000;
/// Room for one read.
const READ_BYTES: usize = 16 * 1024;
const MAX_TRAILERS: usize = 64;

/// What is kept of an answer.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// Whether the connection can't be used again.
    pub(super) is_last: bool,
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
pub(super) struct Received {
    bytes: Vec<u8>,
    done: usize,
    /// The body, if it is wanted.
    pub(super) body: Option<Vec<u8>>,
}

impl Received {
    /// Reads one answer to its end.
    pub(super) async fn answer(
        &mut self,
        stream: &mut TcpStream,
        is_head: bool,
    ) -> io::Result<Answer> {
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
