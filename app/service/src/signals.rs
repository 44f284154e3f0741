//! Shutdown signals: SIGTERM, which container engines send, and Ctrl-C.

use std::future::Future;
use std::io;
use std::process;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::info;

/// A future that resolves at the first signal. A second one ends the process at once.
///
/// The handlers are installed now, not when it is first polled: process 1 of a container has no default handlers, so a signal
/// before that would be ignored.
///
/// # Errors
/// The handlers cannot be installed.
pub fn shutdown() -> io::Result<impl Future<Output = ()>> {
    let install = |kind| {
        let told = |failure| format!("signal handlers cannot be installed: {failure}");
        signal(kind).map_err(|failure| io::Error::new(failure.kind(), told(failure)))
    };
    let mut terminate = install(SignalKind::terminate())?;
    let mut interrupt = install(SignalKind::interrupt())?;
    Ok(async move {
        let first = next_signal(&mut terminate, &mut interrupt).await;
        info!(
            signal = first.name,
            "stopping; a second signal ends at once"
        );
        tokio::spawn(async move {
            let second = next_signal(&mut terminate, &mut interrupt).await;
            process::exit(second.exit_code);
        });
    })
}

struct Stop {
    name: &'static str,
    /// 128 + the signal's number, as shells report it.
    exit_code: i32,
}

async fn next_signal(terminate: &mut Signal, interrupt: &mut Signal) -> Stop {
    tokio::select! {
        _ = terminate.recv() => Stop { name: "SIGTERM", exit_code: 143 },
        _ = interrupt.recv() => Stop { name: "SIGINT", exit_code: 130 },
    }
}
