//! Drills of the real program against a fake stack: one that works, and one for each way in which it can be broken.
//!
//! [`cast`] says who takes part, [`world`] is what happens there, [`answers`] is what its servers say of it, and [`http`] how
//! they say it; [`fake`] puts them together.

mod answers;
mod arithmetic;
mod baseline;
mod broken_links;
mod cast;
mod catalogue;
mod command_line;
mod fake;
mod hands;
pub(crate) mod http;
mod passing;
mod scenes;
mod screens;
mod timings;
pub(crate) mod world;
