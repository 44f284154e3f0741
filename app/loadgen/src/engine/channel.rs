//! One HTTP/1.1 connection: opened when needed, kept alive, opened again when it died.
//!
//! Connection and request are polled by the same task; hyper's usual second task costs two wake-ups a request.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use hyper::body::{Body, Incoming};
use hyper::client::conn::http1::{Builder, Connection, SendRequest};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::target::{Addresses, MOST_HEADERS, NoBody};

/// Longest head of an answer, 256 kB and some room; bodies of any length pass through a buffer that is no larger.
const LONGEST_HEAD: usize = 272 * 1024;

/// Why there was no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// No connection could be opened.
    Connect,
    /// It broke, or what came back was not HTTP.
    Reset,
}

/// A connection to one of the target's addresses at a time.
pub(super) struct Channel {
    addresses: Addresses,
    /// Which address is used; moves on when one can't be reached.
    turn: usize,
    open: Option<Open>,
}

/// The two halves hyper makes of an open connection.
struct Open {
    sender: SendRequest<NoBody>,
    driver: Driver,
}

/// The half that reads and writes; gone when the connection is.
struct Driver(Option<Pin<Box<Wire>>>);

/// An open connection as hyper drives it.
type Wire = Connection<TokioIo<TcpStream>, NoBody>;

impl Driver {
    /// Moves bytes. Whether the connection is still alive.
    fn drive(&mut self, cx: &mut Context<'_>) -> bool {
        if self
            .0
            .as_mut()
            .is_some_and(|connection| connection.as_mut().poll(cx).is_ready())
        {
            self.0 = None;
        }
        self.0.is_some()
    }
}

impl Channel {
    /// A closed one that will start at the address of this `turn`.
    pub(super) fn new(addresses: Addresses, turn: usize) -> Self {
        Self {
            addresses,
            turn,
            open: None,
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
    async fn open(&mut self) -> Result<(), Failure> {
        if self.open.is_some() {
            return Ok(());
        }
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
        let handshake = Builder::new()
            // Requests are one small piece: plain writes are cheaper than gathered ones.
            .writev(false)
            .max_buf_size(LONGEST_HEAD)
            .max_headers(MOST_HEADERS)
            .handshake(TokioIo::new(stream));
        let (sender, connection) = handshake.await.map_err(|_| Failure::Connect)?;
        self.turn = self.turn.wrapping_sub(1);
        self.open = Some(Open {
            sender,
            driver: Driver(Some(Box::pin(connection))),
        });
        Ok(())
    }

    /// Notices while waiting for work that the other side has closed.
    pub(super) fn watch(&mut self, cx: &mut Context<'_>) {
        if self
            .open
            .as_mut()
            .is_some_and(|open| !open.driver.drive(cx))
        {
            self.open = None;
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Gives the connection up: an answer that is still to come must not be taken for the next one's.
    pub(super) fn close(&mut self) {
        if self.open.take().is_none() {
            // It was still connecting.
            self.addresses.failed();
        }
    }

    /// Sends a request and reads the whole answer.
    pub(super) async fn exchange(
        &mut self,
        mut request: Request<NoBody>,
    ) -> Result<StatusCode, Failure> {
        loop {
            let was_open = self.open.is_some();
            self.open().await?;
            let Some(open) = &mut self.open else {
                return Err(Failure::Connect);
            };
            let result = open.exchange(request).await;
            if result.is_err() || open.driver.0.is_none() {
                self.open = None;
            }
            match result {
                Ok(status) => return Ok(status),
                // Closed by the other side while it was idle, and not a byte was sent: one new connection.
                Err(Some(unsent)) if was_open => request = unsent,
                Err(_) => {
                    self.addresses.failed();
                    return Err(Failure::Reset);
                }
            }
        }
    }
}

impl Open {
    /// Gives the request back if nothing of it was sent.
    async fn exchange(
        &mut self,
        request: Request<NoBody>,
    ) -> Result<StatusCode, Option<Request<NoBody>>> {
        let Self { sender, driver } = self;
        let is_ready = poll_fn(|cx| {
            if !driver.drive(cx) {
                return Poll::Ready(false);
            }
            sender.poll_ready(cx).map(|ready| ready.is_ok())
        });
        if !is_ready.await {
            return Err(Some(request));
        }
        let mut answer = pin!(sender.try_send_request(request));
        let answer = poll_fn(|cx| {
            driver.drive(cx);
            answer.as_mut().poll(cx)
        });
        let response: Response<Incoming> =
            answer.await.map_err(|mut error| error.take_message())?;
        let status = response.status();
        let mut body = response.into_body();
        poll_fn(|cx| read_to_end(driver, &mut body, cx))
            .await
            .map_err(|()| None)?;
        Ok(status)
    }
}

/// Reads and forgets the rest of an answer.
fn read_to_end(
    driver: &mut Driver,
    body: &mut Incoming,
    cx: &mut Context<'_>,
) -> Poll<Result<(), ()>> {
    // The body asks for data, the driver fetches it, the body hands it out: a second round saves a wake-up.
    let mut rounds = 0;
    while !body.is_end_stream() {
        match Pin::new(&mut *body).poll_frame(cx) {
            Poll::Ready(None) => break,
            Poll::Ready(Some(Ok(_))) => rounds = 0,
            Poll::Ready(Some(Err(_))) => return Poll::Ready(Err(())),
            Poll::Pending if rounds == 2 => return Poll::Pending,
            Poll::Pending => {
                rounds += 1;
                driver.drive(cx);
            }
        }
    }
    Poll::Ready(Ok(()))
}
