//! The run's clock: one origin, absolute sleeps.
//!
//! Every time in this crate is a [`Duration`] since the run's start, read from `CLOCK_MONOTONIC`, so that intended, sent
//! and done can be subtracted from one another. When something is due is decided in
//! [`schedule`](crate::schedule).

use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, Ordering};
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

fn monotonic() -> Duration {
    to_duration(clock_gettime(ClockId::Monotonic))
}

/// The clocks read here never go below zero.
fn to_duration(time: Timespec) -> Duration {
    Duration::new(
        time.tv_sec.try_into().unwrap_or(0),
        time.tv_nsec.try_into().unwrap_or(0),
    )
}

const NEVER: u64 = u64::MAX;

/// A moment that one thread sets and others read, without a lock: nanoseconds since the run's start, or [`NEVER`].
#[derive(Debug)]
pub(crate) struct Moment(AtomicU64);

impl Default for Moment {
    fn default() -> Self {
        Self(AtomicU64::new(NEVER))
    }
}

impl Moment {
    pub(crate) fn set(&self, time: Option<Duration>) {
        self.0.store(nanos(time), Ordering::SeqCst);
    }

    /// Takes this one unless there is one already.
    pub(crate) fn set_once(&self, time: Duration) {
        let order = Ordering::SeqCst;
        let _there_is_one = self
            .0
            .compare_exchange(NEVER, nanos(Some(time)), order, order);
    }

    pub(crate) fn get(&self) -> Option<Duration> {
        let nanos = self.0.load(Ordering::SeqCst);
        (nanos != NEVER).then(|| Duration::from_nanos(nanos))
    }
}

/// Runs are shorter than 584 years.
fn nanos(time: Option<Duration>) -> u64 {
    time.map_or(NEVER, |time| {
        u64::try_from(time.as_nanos()).unwrap_or(NEVER - 1)
    })
}
