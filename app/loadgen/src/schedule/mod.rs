//! When each arrival is due: pure mathematics, no clock.
//!
//! [`profile`] holds the rate over time, its integral (how many arrivals are due by then) and the inverse of that (when the
//! k-th is due); [`arrivals`] walks through it, evenly or as a Poisson process, and marks orders that are to misbehave.
//! Which profiles exist under which names: [`scenario`](crate::scenario). Who waits for them: `engine::pacer`.

pub mod arrivals;
pub mod profile;

pub use arrivals::{Arrival, Arrivals, Fault, Order, Spacing, Stage};
pub use profile::{Profile, Segment};
