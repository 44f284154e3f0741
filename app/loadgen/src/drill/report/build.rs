//! From rows and loads to a [`DrillReport`].

use jiff::Timestamp;

use super::{DrillReport, LoadReport, Outcome, StepReport};
use crate::drill::conduct::load::Ended;
use crate::drill::definition::{Drill, Mark};
use crate::drill::judge::{Row, Standing};
use crate::drill::known::Marks;
use crate::drill::sources::UnixSeconds;
use crate::ledger::Class;
use crate::report::ByClass;

/// The moment from which a drill's times are counted: its first mark.
pub fn beginning(marks: &Marks) -> Option<UnixSeconds> {
    [Mark::Storm, Mark::Stopped]
        .into_iter()
        .filter_map(|mark| marks.get(mark))
        .map(|window| window.earliest)
        .reduce(f64::min)
}

impl DrillReport {
    /// One without steps or loads yet.
    pub fn new(drill: &Drill, outcome: Outcome, reasons: Vec<String>) -> Self {
        Self {
            name: drill.name.word().into(),
            shows: drill.shows.into(),
            outcome,
            reasons,
            baseline: Vec::new(),
            began_at: None,
            elapsed_seconds: 0.0,
            recovery_skipped: false,
            steps: Vec::new(),
            loads: Vec::new(),
        }
    }
}

impl StepReport {
    /// A row with its times counted from `beginning`, which is `None` in a prediction.
    pub fn new(row: &Row, beginning: Option<UnixSeconds>) -> Self {
        let origin = beginning.unwrap_or_default();
        let (result, seen) = match &row.standing {
            Standing::Seen(at) => ("seen", Some(*at)),
            Standing::Waiting => ("waiting", None),
            Standing::Failed(_) => ("failed", None),
            Standing::NotReached => ("not_reached", None),
            Standing::Skipped => ("skipped", None),
        };
        Self {
            subject: row.subject.clone(),
            step: row.step.name().into(),
            result: result.into(),
            expected_from_seconds: row.expected.map(|window| window.earliest - origin),
            expected_to_seconds: row.expected.map(|window| window.latest - origin),
            seen_seconds: seen.map(|at| at - origin),
            seen_at: seen.and_then(moment),
            source: row.source.into(),
            detail: row.detail.clone(),
        }
    }
}

impl LoadReport {
    /// A load that has ended.
    pub fn new(ended: &Ended) -> Self {
        let Ended { recipe, totals } = ended;
        let overall = totals.overall();
        let count = |class| overall.count(class);
        Self {
            name: recipe.name.into(),
            rate: recipe.rate,
            share: recipe.fault.map_or(0.0, |fault| fault.share),
            asked_seconds: totals.asked_for.as_secs_f64(),
            scheduled: totals.scheduled,
            sent: totals.sent(),
            counts: ByClass {
                ok: count(Class::Ok),
                http_4xx: count(Class::Http4xx),
                http_5xx: count(Class::Http5xx),
                timeout: count(Class::Timeout),
                connect: count(Class::Connect),
                reset: count(Class::Reset),
                expired: count(Class::Expired),
            },
            own_lag: totals.own_lag.quantiles(),
            response: overall.responses().quantiles(),
        }
    }
}

/// A moment in RFC 3339, to the millisecond.
#[expect(
    clippy::cast_possible_truncation,
    reason = "milliseconds since 1970 are far below 2^53"
)]
pub fn moment(at: UnixSeconds) -> Option<String> {
    let timestamp = Timestamp::from_millisecond((at * 1000.0).round() as i64).ok()?;
    Some(format!("{timestamp:.3}"))
}
