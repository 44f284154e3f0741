//! Why nothing can be said, and the exit code for it.

use std::io;
use std::path::Path;

use thiserror::Error;

pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

#[derive(Debug, Error)]
pub(crate) enum Error {
    /// The command line, or a file, makes no sense.
    #[error("{0}")]
    Usage(String),
    #[error("{server}: {what}")]
    Server { server: String, what: String },
    #[error("step in line {line}: {what}")]
    Step { line: u64, what: String },
    #[error(transparent)]
    Load(#[from] loadgen::load::LoadError),
    #[error("stopped by signal {0}")]
    Interrupted(usize),
}

impl Error {
    pub(crate) fn unreadable(path: &Path) -> impl Fn(io::Error) -> Self {
        move |cause| Self::Usage(format!("{}: {cause}", path.display()))
    }

    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::Load(_) => 2,
            Self::Server { .. } => 5,
            Self::Step { .. } => 1,
            Self::Interrupted(signal) => 128 + u8::try_from(*signal).unwrap_or_default(),
        }
    }
}
