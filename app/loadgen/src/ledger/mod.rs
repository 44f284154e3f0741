//! What happened, counted once: pure bookkeeping, no clock, no network.
//!
//! [`class`] lists how an arrival can end, [`timing`] its three times, [`distribution`] a fixed-size histogram and what is read
//! from it, [`book`] the accounts one thread keeps, [`strain`] how far it fell behind for want of processor time, [`totals`] all
//! threads' accounts added up. What is made of them for people: [`report`](crate::report).

pub mod book;
pub mod class;
pub mod distribution;
pub mod strain;
pub mod timing;
pub mod totals;

pub use book::{Book, Interval};
pub use class::Class;
pub use distribution::{Distribution, Quantiles};
pub use strain::Strain;
pub use timing::{Entry, Timing};
pub use totals::{StageTotals, Totals};
