//! This process as the kernel sees it: open files, signals, memory, processor time.

use std::io;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::ClockId;
use rustix::time::clock_gettime;
use thiserror::Error;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::clock::to_duration;

/// Open files besides connections: standard streams, event queues, reconnecting.
const OTHER_FILES: u64 = 64;

/// More connections than this machine lets a process have.
#[derive(Debug, Error)]
#[error(
    "{connections} connections need {needed} open files, and the limit here is {limit}; lower --connections or raise `ulimit -Hn`"
)]
pub struct FileLimit {
    connections: usize,
    needed: u64,
    limit: u64,
}

/// Raises the soft limit of open files as far as so many connections need it; an error if the hard limit is lower.
pub(crate) fn allow_connections(connections: usize) -> Result<(), FileLimit> {
    let needed = connections as u64 + OTHER_FILES;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: Some(needed),
        maximum,
    };
    if current.is_none_or(|current| current >= needed)
        || setrlimit(Resource::Nofile, raised).is_ok()
    {
        return Ok(());
    }
    Err(FileLimit {
        connections,
        needed,
        limit: maximum.unwrap_or(needed),
    })
}

/// A signal that ends a run early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interrupt {
    /// Ctrl-C.
    Int,
    /// `docker stop`.
    Term,
}

impl Interrupt {
    /// As in signal(7).
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Int => "SIGINT",
            Self::Term => "SIGTERM",
        }
    }
}

/// SIGINT and SIGTERM, caught from the moment this is made. As PID 1 a process has no default handlers: without these,
/// `docker stop` would wait and kill.
#[derive(Debug)]
pub(crate) struct Signals {
    int: Signal,
    term: Signal,
}

impl Signals {
    pub(crate) fn install() -> io::Result<Self> {
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

/// Processor time of the calling thread since it began.
pub(crate) fn thread_cpu() -> Duration {
    to_duration(clock_gettime(ClockId::ThreadCPUTime))
}

/// Time the calling thread worked, or was ready to work without a processor; the latter is zero where the kernel doesn't tell.
pub(crate) fn thread_busy() -> Duration {
    thread_cpu() + run_delay().unwrap_or_default()
}

/// Second field of schedstat (kernel documentation, scheduler/sched-stats): nanoseconds spent waiting on a run queue.
fn run_delay() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanos = text.split_whitespace().nth(1)?.parse().ok()?;
    Some(Duration::from_nanos(nanos))
}

/// Highest resident memory: `VmHWM` of proc(5), in KiB there.
pub(crate) fn peak_memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let mut lines = status.lines();
    let line = lines.find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
}
