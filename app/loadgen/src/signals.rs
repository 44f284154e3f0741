//! SIGINT and SIGTERM. As PID 1 a process has no default handlers: without these, `docker stop` would wait and kill.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::verdict::Interrupt;

/// Hears both signals from the moment it is made.
#[derive(Debug)]
pub struct Signals {
    int: Signal,
    term: Signal,
}

impl Signals {
    /// Installs the handlers.
    ///
    /// # Errors
    /// The operating system refuses.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {
            int: signal(SignalKind::interrupt())?,
            term: signal(SignalKind::terminate())?,
        })
    }

    pub(crate) async fn next(&mut self) -> Interrupt {
        tokio::select! {
            _ = self.int.recv() => Interrupt::Int,
            _ = self.term.recv() => Interrupt::Term,
        }
    }
}
