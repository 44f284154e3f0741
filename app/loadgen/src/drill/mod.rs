//! Drills: an incident is made on purpose, and it is proven that its alert reaches people, and its end does too.
//!
//! A drill is data ([`definition`], [`catalogue`]). Before it begins, the servers are asked what their rules and routes are
//! ([`survey`], [`sources`]), whether the stack is fit for it ([`fitness`]) and what is to be expected when
//! ([`known`], [`prediction`]). Then it is performed ([`conduct`]), while every [`look`] becomes [`evidence`] and is judged
//! ([`judge`]) step by step; [`progress`] is shown, a [`report`] is made. [`series`] is the entry point: one drill or several.

pub mod catalogue;
pub mod conduct;
pub mod definition;
pub mod durations;
pub mod evidence;
pub mod fitness;
pub mod identity;
pub mod incident;
pub mod judge;
pub mod known;
pub mod look;
pub mod matchers;
pub mod name;
pub mod prediction;
pub mod progress;
pub mod report;
pub mod routing;
pub mod series;
pub mod servers;
pub mod sources;
pub mod survey;

pub use name::Name;
