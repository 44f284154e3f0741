//! One HTTP/1.1 connection: opened when needed, kept alive, opened again when it died.
//!
//! A request is the same bytes every time, and of an answer only its status and its end matter. A client library builds a request
//! and a response for each exchange, which takes several times the instructions. So the bytes of an answer are read in
//! [`answer`].

mod answer;
#[cfg(test)]
mod tests;

use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll};

use hyper::StatusCode;
use thiserror::Error;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::target::{Addresses, Request};
use answer::{Answer, Received};

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
