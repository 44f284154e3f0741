//! What is shown while a drill waits: for what, how long at most, and what has been sent.

use super::definition::Drill;
use super::sources::UnixSeconds;
use crate::ledger::Class;
use crate::live::{Screen, classes};

/// Seconds between two plain lines; a panel is drawn at every look.
const EVERY: f64 = 5.0;

/// A load as it stands: its name, orders due, orders that ended by class.
pub type Sent = (&'static str, u64, [u64; Class::ALL.len()]);

/// How far a drill is, for people.
#[derive(Debug)]
pub struct Progress {
    name: &'static str,
    began: UnixSeconds,
    /// What the last plain line said, and when.
    said: Option<(String, UnixSeconds)>,
}

impl Progress {
    /// The progress of a drill that begins at this moment.
    pub fn new(drill: &Drill, began: UnixSeconds) -> Self {
        Self {
            name: drill.name.word(),
            began,
            said: None,
        }
    }

    /// Shows what is waited for before the drill begins.
    pub fn wait(&mut self, screen: &mut Screen, (what, left): (&str, f64)) {
        let (elapsed, is_due) = self.look(what);
        let name = self.name;
        let plain = is_due
            .then(|| format!("{elapsed:>4.0}s {name}: waiting, at most {left:.0} s more: {what}"));
        let panel = [
            format!("drill       {name}, not begun"),
            format!("waiting     at most {left:.0} s more: {what}"),
        ];
        screen.draw(plain.as_deref(), &panel);
    }

    /// Seconds since the beginning, and whether it is time for a plain line.
    fn look(&mut self, what: &str) -> (f64, bool) {
        let now = super::conduct::now();
        let is_due = self
            .said
            .as_ref()
            .is_none_or(|(said, at)| said != what || now - at >= EVERY);
        if is_due {
            self.said = Some((what.into(), now));
        }
        (now - self.began, is_due)
    }

    /// Shows what is waited for.
    pub fn show(&mut self, screen: &mut Screen, (what, left): (&str, f64), load: Option<Sent>) {
        let (elapsed, is_due) = self.look(what);
        let left = left.max(0.0);
        let load = load.map_or("nothing is sent".into(), |(name, due, counts)| {
            format!("{name}: {due} orders, {}", classes(&counts))
        });
        let plain = is_due.then(|| {
            format!(
                "{elapsed:>4.0}s {}: waiting for {what}, at most {left:.0} s more; {load}",
                self.name
            )
        });
        let panel = [
            format!("drill       {}, for {elapsed:.0} s", self.name),
            format!("waiting     {what}, at most {left:.0} s more"),
            format!("load        {load}"),
        ];
        screen.draw(plain.as_deref(), &panel);
    }
}
