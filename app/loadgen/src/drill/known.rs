//! What is known before a drill begins: the live timings of everything that its alerts pass through.
//!
//! Gathered by [`survey`](super::survey); [`prediction`](super::prediction) makes a timeline of it.

use super::definition::{Mark, Proof};
use super::matchers::Labels;
use super::routing::Way;

/// Two moments, or two lengths of time, between which something is expected; in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// Not before.
    pub earliest: f64,
    /// Not after.
    pub latest: f64,
}

impl Window {
    /// Between these.
    pub const fn new(earliest: f64, latest: f64) -> Self {
        Self { earliest, latest }
    }

    /// Exactly then.
    pub const fn at(moment: f64) -> Self {
        Self::new(moment, moment)
    }

    /// Later by this delay.
    #[must_use]
    pub fn plus(self, delay: Self) -> Self {
        Self::new(self.earliest + delay.earliest, self.latest + delay.latest)
    }

    /// When both have come.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self::new(
            self.earliest.max(other.earliest),
            self.latest.max(other.latest),
        )
    }
}

/// The marked moments of a drill, as far as they have come; in predictions, as far as they are foreseen.
#[derive(Clone, Copy, Debug, Default)]
pub struct Marks([Option<Window>; 4]);

impl Marks {
    /// When that was.
    pub fn get(&self, mark: Mark) -> Option<Window> {
        self.0[mark as usize]
    }

    /// Notes it.
    pub fn set(&mut self, mark: Mark, when: Window) {
        self.0[mark as usize] = Some(when);
    }
}

/// What is known of the whole.
#[derive(Clone, Debug)]
pub struct Known {
    /// Between two scrapes of order-service, in seconds.
    pub scrape: f64,
    /// Orders per second of the storm.
    pub rate: f64,
    /// How long after its cause the last alert of a page may be over at the latest, in seconds.
    pub tail: f64,
    /// Orders that may wait in the service's queue.
    pub queue_capacity: f64,
    /// What is known for each proof, in the order of the drill.
    pub backgrounds: Vec<Background>,
}

/// What is known for one proof; times in seconds.
#[derive(Clone, Debug)]
pub struct Background {
    /// What must be proven.
    pub proof: &'static Proof,
    /// The rule's `for`.
    pub hold: f64,
    /// The rule's `keep_firing_for`.
    pub keep: f64,
    /// How often it is evaluated.
    pub interval: f64,
    /// The rule's expression.
    pub query: String,
    /// The labels that are known of its alerts: name, job, and what the rule adds.
    pub labels: Labels,
    /// The longest window of the expression, or of what it rests on.
    pub longest: f64,
    /// Whether it rests on recorded series, which are evaluated before it.
    pub is_recorded: bool,
    /// For each share of the onset, the orders that are in its window already.
    pub traffic: Vec<Traffic>,
    /// The orders in the longest window, where the drill asks for silence.
    pub quiet: Option<Traffic>,
    /// How Alertmanager routes it.
    pub way: Way,
    /// Whether its group in Alertmanager may still be there from the last time.
    pub group_lingers: bool,
    /// Whether another alert of the drill may open its group before it comes.
    pub group_shared: bool,
    /// After this long without a beat, the dead man's switch raises the alarm.
    pub alarm_after: f64,
    /// Prometheus waits at least this long before it sends an alert again.
    pub resend: f64,
}

/// Orders in a window.
#[derive(Clone, Copy, Debug, Default)]
pub struct Traffic {
    /// The window, in seconds.
    pub window: f64,
    /// All of them.
    pub orders: f64,
    /// Those that misbehaved.
    pub bad: f64,
}
