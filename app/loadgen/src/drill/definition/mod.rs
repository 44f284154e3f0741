//! What a drill is made of: acts that make the incident and end it, and what must be proven of it. Data, no behaviour.
//!
//! What must be proven is in [`proof`]. The seven drills are written down in [`catalogue`](super::catalogue);
//! [`conduct`](super::conduct) performs the acts, [`judge`](super::judge) compares the proofs with what was observed.

pub mod proof;

use std::time::Duration;

use super::name::Name;
use crate::schedule::Order;
pub use proof::{Change, Decline, End, Guard, Onset, Proof, Reading, Share, Span};

/// An incident that is made on purpose, and what must come of it.
#[derive(Clone, Copy, Debug)]
pub struct Drill {
    /// Its name on the command line.
    pub name: Name,
    /// What it shows, one line.
    pub shows: &'static str,
    /// About how long it takes, in minutes, with the stack's own rules and routing.
    pub minutes: f64,
    /// What is done, in order.
    pub script: &'static [Act],
    /// What must come of it.
    pub proofs: &'static [Proof],
    /// Figures that must move.
    pub readings: &'static [Reading],
    /// Alerts that may rightly join; one labelled `slo` always may.
    pub companions: &'static [&'static str],
    /// Whether it only works when no order was finished within the rule's window.
    pub starts_quiet: bool,
}

impl Drill {
    /// Whether somebody has to stop and start services for it.
    pub fn needs_hands(&self) -> bool {
        self.hands_on().is_some()
    }

    /// The service that is stopped and started, if there is one.
    pub fn hands_on(&self) -> Option<Service> {
        self.script.iter().find_map(|act| match act {
            Act::Ask(_, service) => Some(*service),
            _ => None,
        })
    }

    /// The load of its storm, if it has one.
    pub fn storm(&self) -> Option<&'static Storm> {
        self.script.iter().find_map(|act| match act {
            Act::Storm(storm) => Some(storm),
            _ => None,
        })
    }
}

/// One thing that is done.
#[derive(Clone, Copy, Debug)]
pub enum Act {
    /// Starts a load of which a share misbehaves; it goes on until [`Act::Calm`].
    Storm(Storm),
    /// Has order-service make orders by itself: one `POST /simulate`.
    Simulate(Simulation),
    /// Waits for half of the rule's `for`, counted from the first simulation.
    WaitHalfOfHold,
    /// Waits until this is reached.
    Await(Goal),
    /// Ends the storm: at once, or at its own end if it has one.
    Calm,
    /// Asks somebody to stop or start a service, and waits until it has happened.
    Ask(Hand, Service),
    /// Starts a healthy load that dilutes the storm; it goes on until the end of the drill.
    Recover,
}

/// A load of which a share misbehaves.
#[derive(Clone, Copy, Debug)]
pub struct Storm {
    /// Orders per second.
    pub rate: f64,
    /// How they misbehave.
    pub order: Order,
    /// The share that does; the rest is the healthy base load.
    pub share: f64,
    /// Its length, where it doesn't simply go on until everything is delivered.
    pub length: Option<Duration>,
    /// Connections to open.
    pub connections: usize,
    /// When an order is given up.
    pub timeout: Duration,
    /// How long the misbehaving orders take to be counted, in seconds.
    pub finished_within: f64,
    /// The rate may be raised so that the drill's alert comes sooner after a busy hour.
    pub hasten: Option<Hasten>,
}

/// How a storm copes with what is in the rule's windows already.
#[derive(Clone, Copy, Debug)]
pub struct Hasten {
    /// Within how many seconds the threshold should be passed.
    pub within: f64,
    /// The highest rate that still leaves the service its capacity.
    pub most: f64,
}

/// One `POST /simulate`.
#[derive(Clone, Copy, Debug)]
pub struct Simulation {
    /// How many orders.
    pub count: u32,
    /// The share that fails.
    pub error_rate: f64,
    /// The moment that its answer marks.
    pub marks: Mark,
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// This alert has reached people.
    Told(&'static str),
    /// Everything that the incident must cause has been observed, up to its delivery.
    Onset,
    /// Everything has been observed.
    Over,
}

/// What is done to a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hand {
    /// It is stopped.
    Stop,
    /// It is started again.
    Start,
}

impl Hand {
    /// The word of Docker Compose for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Start => "start",
        }
    }

    /// The moment that it marks.
    pub const fn mark(self) -> Mark {
        match self {
            Self::Stop => Mark::Stopped,
            Self::Start => Mark::Started,
        }
    }
}

/// A service that can be stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// What is observed.
    OrderService,
    /// What observes.
    Prometheus,
}

impl Service {
    /// Its name in the compose file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OrderService => "order-service",
            Self::Prometheus => "prometheus",
        }
    }
}

/// A moment that others are counted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// The incident begins.
    Storm,
    /// It is over.
    Calm,
    /// A service was stopped.
    Stopped,
    /// It was started again.
    Started,
}
