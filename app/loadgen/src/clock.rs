//! The run's clock: one origin, absolute sleeps.
//!
//! Every time in this crate is a [`Duration`] since the run's start, read from `CLOCK_MONOTONIC`, so that intended, sent
//! and done can be subtracted from one another. When something is due is decided in [`schedule`](crate::schedule).

use std::num::NonZeroU64;
use std::time::{Duration, Instant};

use rustix::thread::{ClockId, clock_nanosleep_absolute, set_current_timer_slack};
use rustix::time::{Timespec, clock_gettime};

/// How long the kernel may put off a wake-up to merge it with others; its default of 50 us would be pure lag.
const TIMER_SLACK: NonZeroU64 = NonZeroU64::MIN;

/// A clock that reads zero when the run starts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    /// `CLOCK_MONOTONIC` at the run's start.
    origin: Duration,
    /// The same moment for tokio's timers.
    instant: Instant,
}

impl Clock {
    /// A clock whose zero lies `delay` from now; until then it reads zero.
    pub(crate) fn starting_in(delay: Duration) -> Self {
        Self {
            origin: monotonic() + delay,
            instant: Instant::now() + delay,
        }
    }

    /// Time since the start of the run, zero before it.
    pub(crate) fn now(&self) -> Duration {
        self.since_start().unwrap_or_default()
    }

    /// Time since the start of the run; `None` before it.
    pub(crate) fn since_start(&self) -> Option<Duration> {
        monotonic().checked_sub(self.origin)
    }

    /// The moment `offset` after the start, for tokio's timers.
    pub(crate) fn instant_at(&self, offset: Duration) -> Instant {
        self.instant + offset
    }

    /// Sleeps until `offset` after the start: an absolute sleep, so that a late wake-up never delays the next one.
    pub(crate) fn sleep_until(&self, offset: Duration) {
        let wake = self.origin + offset;
        let request = Timespec {
            tv_sec: i64::try_from(wake.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: wake.subsec_nanos().into(),
        };
        // Interrupted by a signal: the same absolute moment again.
        while clock_nanosleep_absolute(ClockId::Monotonic, &request) == Err(rustix::io::Errno::INTR)
        {
        }
    }
}

/// Asks the kernel for exact wake-ups of the calling thread. Where that is refused, lag shows it.
pub(crate) fn wake_exactly() {
    let _refused_shows_as_lag = set_current_timer_slack(Some(TIMER_SLACK));
}

fn monotonic() -> Duration {
    to_duration(clock_gettime(ClockId::Monotonic))
}

/// The clocks read here never go below zero.
pub(crate) fn to_duration(time: Timespec) -> Duration {
    Duration::new(
        time.tv_sec.try_into().unwrap_or(0),
        time.tv_nsec.try_into().unwrap_or(0),
    )
}
