//! The log: readable on a terminal, JSON everywhere else, one line per event. Panics are events too.

use std::io::IsTerminal;
use std::panic;

use tracing::error;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

/// Starts logging to standard output. Call once.
pub fn start(filter: Targets) {
    let layer = if std::io::stdout().is_terminal() {
        fmt::layer().boxed()
    } else {
        fmt::layer().json().flatten_event(true).boxed()
    };
    tracing_subscriber::registry()
        .with(layer.with_filter(filter))
        .init();
    log_panics();
}

/// Logs a panic in one line, in place of the several that the standard hook writes beside the log.
pub fn log_panics() {
    panic::set_hook(Box::new(|panic| {
        let message = panic.payload_as_str().unwrap_or("no message");
        let location = panic.location().map(ToString::to_string);
        error!(
            panic.message = message,
            panic.location = location,
            "panicked"
        );
    }));
}
