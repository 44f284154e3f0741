//! The drills, written down.
//!
//! Loads and thresholds fit order-service's defaults (32 workers, mean 91 ms, so 353 orders/s). `storms` are loads of which a
//! share misbehaves, `bursts` loads that come and go, `outages` services that are stopped. What the fields mean:
//! [`definition`](super::definition).

mod bursts;
mod outages;
mod storms;

use super::definition::Drill;
use super::name::Name;
use bursts::{BLIP, OVERLOAD};
use outages::{SILENT_PIPE, TARGET_DOWN};
use storms::{HIGH_ERROR_RATE, HIGH_LATENCY, SLO_BURN};

impl Name {
    /// The drill.
    pub fn drill(self) -> &'static Drill {
        match self {
            Self::HighErrorRate => &HIGH_ERROR_RATE,
            Self::HighLatency => &HIGH_LATENCY,
            Self::Overload => &OVERLOAD,
            Self::SloBurn => &SLO_BURN,
            Self::Blip => &BLIP,
            Self::TargetDown => &TARGET_DOWN,
            Self::SilentPipe => &SILENT_PIPE,
        }
    }
}

/// All drills in the order in which they disturb each other least. Whatever was sent stays in the rules' windows for five
/// minutes and in the SLO's for an hour, so those that need silence come first and those that leave most behind last.
pub const SERIES: [Name; 7] = [
    // Needs five minutes without an order, and leaves 220.
    Name::Blip,
    // Leaves some 2,000 orders, few of them slow, none failed.
    Name::HighLatency,
    // Needs an hour with few orders, and leaves an hour's worth of failures: nobody after it minds, burn rates may join.
    Name::SloBurn,
    Name::HighErrorRate,
    Name::TargetDown,
    // Leaves 20,000 slow orders in the window, which nothing but time takes out.
    Name::Overload,
    // Minds nothing, and leaves a gap in every series.
    Name::SilentPipe,
];
