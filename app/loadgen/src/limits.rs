//! File descriptors: every connection needs one, and many machines start with 1,024.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use thiserror::Error;

/// Descriptors besides connections: standard streams, event queues, reconnecting.
const BESIDES: u64 = 64;

/// More connections than this machine lets a process have.
#[derive(Debug, Error, PartialEq, Eq)]
#[error(
    "{connections} connections need {needed} open files, and the limit here is {limit}; lower --connections or raise `ulimit -Hn`"
)]
pub struct FileLimit {
    connections: usize,
    needed: u64,
    limit: u64,
}

/// Raises the soft limit as far as it is needed.
///
/// # Errors
/// The hard limit is lower.
pub fn allow_connections(connections: usize) -> Result<(), FileLimit> {
    let needed = connections as u64 + BESIDES;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_none_or(|current| current >= needed) {
        return Ok(());
    }
    let raised = maximum.is_none_or(|maximum| maximum >= needed)
        && setrlimit(
            Resource::Nofile,
            Rlimit {
                current: Some(needed),
                maximum,
            },
        )
        .is_ok();
    if raised {
        return Ok(());
    }
    Err(FileLimit {
        connections,
        needed,
        limit: maximum.unwrap_or(needed),
    })
}
