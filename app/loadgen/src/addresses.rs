//! The addresses of a target, looked up again while connections to them fail: a replica that is replaced gets another one.

use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use crate::target::Server;

/// Between two look-ups, however many connections fail.
const PAUSE: Duration = Duration::from_secs(1);

type LookUp = Box<dyn Fn() -> io::Result<Vec<SocketAddr>> + Send + Sync>;

/// What is known of a target's addresses; clones share it.
#[derive(Clone)]
pub struct Addresses(Arc<Shared>);

struct Shared {
    known: Mutex<Arc<[SocketAddr]>>,
    look_up: LookUp,
    /// A connection failed.
    failed: Notify,
}

impl Addresses {
    /// Those of a server that are known to be right, and its name for later.
    pub fn of(server: &Server, known: Vec<SocketAddr>) -> Self {
        let authority = server.authority();
        Self::new(known, move || Ok(authority.to_socket_addrs()?.collect()))
    }

    /// Those that are known to be right, and how to look them up again; that may block.
    pub fn new(
        known: Vec<SocketAddr>,
        look_up: impl Fn() -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Shared {
            known: Mutex::new(known.into()),
            look_up: Box::new(look_up),
            failed: Notify::new(),
        }))
    }

    /// What is known now.
    pub(crate) fn known(&self) -> Arc<[SocketAddr]> {
        Arc::clone(&self.0.known.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Asks for another look-up.
    pub(crate) fn failed(&self) {
        self.0.failed.notify_one();
    }

    /// Looks up whenever a connection has failed, until it is dropped. What cannot be looked up stays as it was.
    pub(crate) async fn keep(self) {
        loop {
            self.0.failed.notified().await;
            let shared = Arc::clone(&self.0);
            let found = spawn_blocking(move || (shared.look_up)()).await;
            if let Ok(Ok(found)) = found
                && !found.is_empty()
            {
                *self.0.known.lock().unwrap_or_else(PoisonError::into_inner) = found.into();
            }
            sleep(PAUSE).await;
        }
    }
}

impl fmt::Debug for Addresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Addresses").field(&self.known()).finish()
    }
}
