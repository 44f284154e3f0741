//! What a judgement rests on.

use std::time::Duration;

use crate::file::Drill;
use crate::moment::Offset;
use crate::record::{Facts, Record};

/// Everything a judgement rests on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case<'a> {
    pub(crate) drill: &'a Drill,
    pub(crate) facts: &'a Facts,
    pub(crate) record: &'a Record,
    /// How much later than expected is acceptable.
    pub(crate) slack: Duration,
    /// The moment of judgement; `None` in a prediction.
    pub(crate) now: Option<Offset>,
    /// Whether nothing more will be observed.
    pub(crate) is_over: bool,
}

impl Case<'_> {
    /// What else is wrong and may be the cause.
    pub(crate) fn with_troubles(&self, reason: String) -> String {
        match self.record.troubles.join("; ") {
            none if none.is_empty() => reason,
            troubles => format!("{reason} ({troubles})"),
        }
    }
}
