//! How far a thread without processor time to spare falls behind.

use std::time::Duration;

use super::Distribution;

/// Length of a window. A freeze so short that the window still counts as saturated makes lag grow by 5 ms at most.
const WINDOW: Duration = Duration::from_millis(100);

/// From this share of a window on, a thread counts as saturated.
const SATURATED: f64 = 0.95;

/// When a thread has no time to read an answer, the connection looks busy, as if the target were slow; only the thread's own
/// use of time tells the two apart. So it is looked at in windows. What lag grows by in a saturated window is the generator's
/// fault. Lag from before is not: what a freeze of the target leaves behind shrinks while the thread catches up.
#[derive(Clone, Debug, Default)]
pub(crate) struct Saturation {
    window_start: Duration,
    /// What the thread had used by then.
    used: Duration,
    /// Lag of the last arrival before it.
    lag_before: Duration,
    /// Lag of the last arrival.
    lag: Duration,
    arrivals: u64,
    /// By how much the thread has fallen behind in the saturated windows up to now.
    behind: Duration,
}

impl Saturation {
    /// Of a thread that has used that much and sent nothing yet.
    pub(crate) fn new(used: Duration) -> Self {
        Self {
            used,
            ..Self::default()
        }
    }

    /// Notes an arrival that was taken this late.
    pub(crate) fn note(&mut self, lag: Duration) {
        self.lag = lag;
        self.arrivals += 1;
    }

    /// Whether the window is over.
    pub(crate) fn is_over(&self, now: Duration) -> bool {
        now >= self.window_start + WINDOW
    }

    /// Ends the window, and records for each of its arrivals how far behind the thread is by its own doing. `used` is
    /// how long the thread has worked, or waited for a processor, since it began.
    pub(crate) fn end_window(&mut self, now: Duration, used: Duration, behind: &mut Distribution) {
        let length = now.saturating_sub(self.window_start);
        let busy = used.saturating_sub(self.used);
        self.behind = if busy >= length.mul_f64(SATURATED) {
            (self.behind + self.lag).saturating_sub(self.lag_before)
        } else {
            Duration::ZERO
        };
        behind.record_many(self.behind.min(self.lag), self.arrivals);
        *self = Self {
            window_start: now,
            used,
            lag_before: self.lag,
            lag: self.lag,
            arrivals: 0,
            behind: self.behind,
        };
    }
}
