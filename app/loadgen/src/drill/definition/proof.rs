//! What must come of a drill: of its alerts, and of the figures that they rest on.

use super::Mark;

/// What must come of a drill, for one alert.
#[derive(Clone, Copy, Debug)]
pub struct Proof {
    /// Name of the alert.
    pub alert: &'static str,
    /// Labels that tell its rule from others of that name.
    pub labels: &'static [(&'static str, &'static str)],
    /// When its cause begins.
    pub cause: Mark,
    /// How it becomes true.
    pub onset: Onset,
    /// What has to be seen.
    pub end: End,
    /// When its cause ends.
    pub relief: Mark,
    /// How it becomes false again.
    pub decline: Decline,
}

/// How an alert's expression becomes true.
#[derive(Clone, Copy, Debug)]
pub enum Onset {
    /// The misbehaving share of the orders in one or more windows passes a threshold.
    Share(&'static [Share]),
    /// The queue fills to this share of its capacity while more orders come than are served.
    Fills(f64),
    /// Within this many seconds, whatever came before.
    Within(f64),
}

/// A threshold on the share of misbehaving orders in a window.
#[derive(Clone, Copy, Debug)]
pub struct Share {
    /// Which of the rule's windows.
    pub window: Span,
    /// The share above which it is true; a test compares it with the rule.
    pub above: f64,
    /// What it also asks for.
    pub at_least: Guard,
}

/// A window of a rule, as the running Prometheus has it.
#[derive(Clone, Copy, Debug)]
pub enum Span {
    /// The longest range in the query.
    Query,
    /// The value of this label of the rule.
    Label(&'static str),
}

/// The least that a rule asks for in a window.
#[derive(Clone, Copy, Debug)]
pub enum Guard {
    /// None.
    None,
    /// So many orders.
    Orders(f64),
    /// So many misbehaving ones.
    Bad(f64),
}

/// What has to be seen of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It fires and reaches this receiver, and so does its end.
    Delivered(&'static str),
    /// It fires; Alertmanager may hold it back because of this one, and no other.
    Fires {
        /// The alert that may inhibit it.
        inhibitor: &'static str,
    },
    /// While it fires, it is held back because of this alert.
    Inhibited {
        /// The alert that must inhibit it.
        by: &'static str,
    },
    /// It goes pending and clears without ever firing.
    Clears,
    /// Its heartbeat stops, and pager's dead man's switch says so.
    FallsSilent,
}

/// How an alert's expression becomes false again.
#[derive(Clone, Copy, Debug)]
pub enum Decline {
    /// Healthy orders dilute the storm, or the window passes.
    Dilution,
    /// The window passes.
    Passing,
    /// Within this many seconds.
    Within(f64),
}

/// A figure that must move, as an instant query.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// What it is.
    pub what: &'static str,
    /// The query; `$since` is replaced by the time since the storm's beginning, such as `90s`.
    pub query: &'static str,
    /// How it must move.
    pub change: Change,
    /// From which moment on.
    pub cause: Mark,
    /// Within how many seconds.
    pub within: f64,
}

/// How a figure must move.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    /// By this much or more above what it was before; what was not there was nothing.
    Rises(f64),
    /// To this or above.
    Reaches(f64),
    /// To this or below.
    Returns(f64),
}
