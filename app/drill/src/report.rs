//! The verdict: a table for people, JSON for programs. Times are in seconds since each incident began.

use std::fmt::{self, Display, Formatter};

use serde::Serialize;

use crate::error::Error;
use crate::file::Drill;
use crate::judge::{Row, Standing};
use crate::labels::named;
use crate::loads::LoadReport;
use crate::moment::Moment;
use crate::play::Play;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    Pass,
    Failed,
    /// A step could not be done.
    Broken,
    /// The generator was too slow, so the incident was not the one that was asked for.
    Invalid,
    #[default]
    Unready,
    Interrupted,
    Foreseen,
}

#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) schema_version: u32,
    pub(crate) target: String,
    pub(crate) seed: u64,
    pub(crate) drills: Vec<DrillReport>,
}

#[derive(Debug, Default, Serialize)]
pub(crate) struct DrillReport {
    name: String,
    shows: String,
    pub(crate) outcome: Outcome,
    /// Since the epoch.
    began_at_seconds: f64,
    took_seconds: f64,
    /// Alerts that fired before it.
    baseline: Vec<String>,
    pub(crate) steps: Vec<Row>,
    loads: Vec<LoadReport>,
    reasons: Vec<String>,
}

impl DrillReport {
    /// One that was not played.
    pub(crate) fn without(drill: &Drill, outcome: Outcome, reasons: Vec<String>) -> Self {
        Self {
            name: drill.name.clone(),
            shows: drill.shows.clone(),
            outcome,
            began_at_seconds: Moment::now().0,
            reasons,
            ..Self::default()
        }
    }

    /// One that was played. An interrupt outweighs all; what a worthless load caused proves nothing.
    pub(crate) fn played(drill: &Drill, ended: Play<'_, '_>) -> Self {
        let rows = ended.rows(true);
        let failures = rows.iter().filter_map(Row::failure).cloned();
        let faults = ended.loads.iter().flat_map(|load| load.faults.clone());
        let halt = ended.halt.as_ref().map(ToString::to_string);
        let mut reasons: Vec<_> = halt.into_iter().chain(faults).chain(failures).collect();
        reasons.dedup();
        let outcome = match &ended.halt {
            Some(Error::Interrupted(_)) => Outcome::Interrupted,
            _ if ended.loads.iter().any(|load| !load.faults.is_empty()) => Outcome::Invalid,
            Some(_) => Outcome::Broken,
            None if reasons.is_empty() => Outcome::Pass,
            None => Outcome::Failed,
        };
        Self {
            began_at_seconds: ended.record.began.0,
            took_seconds: ended.record.now().0,
            baseline: ended.record.baseline.iter().map(named).collect(),
            steps: rows,
            loads: ended.loads,
            ..Self::without(drill, outcome, reasons)
        }
    }

    fn end(&self) -> String {
        let outcome = format!("{:?}", self.outcome).to_uppercase();
        let minutes = self.took_seconds / 60.0;
        format!("{:<20} {outcome:<12} {minutes:>5.1} min", self.name)
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "Drills against {}, seed {}", self.target, self.seed)?;
        for drill in &self.drills {
            write!(f, "\n{drill}")?;
        }
        let summary = self.drills.iter().filter(|_| self.drills.len() > 1);
        let summary: Vec<_> = summary.map(DrillReport::end).collect();
        writeln!(f, "\n{}", summary.join("\n"))
    }
}

impl Display for DrillReport {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.name, self.shows)?;
        if !self.baseline.is_empty() {
            writeln!(f, "  fired before: {}", self.baseline.join(", "))?;
        }
        let header = "        expected      seen  result        source";
        let mut table = vec![["", "step", header].map(String::from)];
        table.extend(self.steps.iter().map(cells));
        let width = |column: usize| table.iter().map(|row| row[column].chars().count()).max();
        let [first, second] = [0, 1].map(|column| width(column).unwrap_or_default());
        for [subject, step, rest] in table.iter().filter(|_| !self.steps.is_empty()) {
            writeln!(f, "  {subject:<first$}  {step:<second$}  {rest}")?;
        }
        let loads = self.loads.iter().map(ToString::to_string);
        for line in loads.chain(self.reasons.iter().cloned()) {
            writeln!(f, "  {line}")?;
        }
        writeln!(f, "{}", self.end())
    }
}

/// Two columns as wide as needed, and the others.
fn cells(row: &Row) -> [String; 3] {
    let Row { source, detail, .. } = row;
    let (expected, seen) = (row.expected, row.seen);
    let late = seen.zip(expected).map(|(seen, own)| seen.0 - own.to.0);
    let result = match (row.result, late) {
        (Standing::Seen, Some(late)) if late >= 0.1 => format!("{late:.1} s late"),
        (Standing::Failed, _) => "FAILED".into(),
        (other, _) => format!("{other:?}").to_lowercase(),
    };
    let expected = expected.map(|own| format!("{:.1} to {:.1}", own.from.0, own.to.0));
    let expected = expected.unwrap_or_default();
    let seen = seen.map_or("-".into(), |seen| format!("{:.1}", seen.0));
    let colon = if detail.is_empty() { "" } else { ": " };
    let rest = format!("{expected:>16}  {seen:>8}  {result:<12}  {source}{colon}{detail}");
    [row.subject.clone(), row.step.clone(), rest]
}
