//! The names of the drills, as they are typed.

use clap::ValueEnum;

/// A drill's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Name {
    /// Half of the orders fail.
    #[value(
        help = "Half of the orders fail: HighErrorRate pages. Example: loadgen drill high-error-rate --until delivered"
    )]
    HighErrorRate,
    /// Every fifth order is slow.
    #[value(
        help = "Every fifth order takes 3 s longer: HighLatency reaches Slack. Example: loadgen drill high-latency"
    )]
    HighLatency,
    /// More orders than the service can do.
    #[value(
        help = "More orders than can be done: the queue fills, orders are refused, the queue drains. Example: loadgen drill overload --json"
    )]
    Overload,
    /// The error budget burns.
    #[value(
        help = "The error budget burns 14.4 times too fast and pages. Example: loadgen drill slo-burn --dry-run"
    )]
    SloBurn,
    /// A burst that `for` is there for.
    #[value(
        help = "A burst of failures on a quiet stack, then healthy orders: pending, never firing. Example: loadgen drill blip --seed 7"
    )]
    Blip,
    /// The service is stopped.
    #[value(
        help = "order-service is stopped while HighErrorRate pages: one incident that ends once; needs scripts/drill. Example: loadgen drill target-down --operator"
    )]
    TargetDown,
    /// The observer is stopped.
    #[value(
        help = "Prometheus is stopped: the dead man's switch notices; needs scripts/drill. Example: loadgen drill silent-pipe --operator"
    )]
    SilentPipe,
}

impl Name {
    /// The word on the command line.
    pub const fn word(self) -> &'static str {
        match self {
            Self::HighErrorRate => "high-error-rate",
            Self::HighLatency => "high-latency",
            Self::Overload => "overload",
            Self::SloBurn => "slo-burn",
            Self::Blip => "blip",
            Self::TargetDown => "target-down",
            Self::SilentPipe => "silent-pipe",
        }
    }
}
