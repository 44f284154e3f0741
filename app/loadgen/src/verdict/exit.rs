//! Every exit code of the program.

use std::process::ExitCode;

/// A signal that ends a run early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interrupt {
    /// SIGINT, Ctrl-C.
    Int,
    /// SIGTERM, `docker stop`.
    Term,
}

impl Interrupt {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Int => "SIGINT",
            Self::Term => "SIGTERM",
        }
    }
}

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: valid, and every threshold held.
    Pass,
    /// 1: the run could not be made, or nothing was answered.
    Failed,
    /// 2: the command line makes no sense.
    Usage,
    /// 3: a threshold was missed.
    Missed,
    /// 4: a drill failed.
    DrillFailed,
    /// 5: the generator could not keep its schedule, or the stack was not fit for a drill.
    Invalid,
    /// 130 or 143: stopped by a signal.
    Interrupted(Interrupt),
}

impl Exit {
    /// The number; for signals 128 and the signal's own, as shells have it.
    pub const fn code(self) -> u8 {
        match self {
            Self::Pass => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Missed => 3,
            Self::DrillFailed => 4,
            Self::Invalid => 5,
            Self::Interrupted(Interrupt::Int) => 130,
            Self::Interrupted(Interrupt::Term) => 143,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}
