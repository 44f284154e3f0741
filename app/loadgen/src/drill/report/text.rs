//! The verdict for people.

use std::fmt::{self, Display, Formatter};

use super::{DrillReport, LoadReport, Outcome, Report, StepReport};

/// A report as text.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a>(pub &'a Report);

/// The steps of one drill as a table.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a>(pub &'a [StepReport]);

impl Display for Text<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let report = self.0;
        writeln!(
            f,
            "Drills against {}, seed {}; times in seconds since each incident began",
            report.target, report.seed
        )?;
        for drill in &report.drills {
            write_drill(drill, f)?;
        }
        if report.drills.len() > 1 {
            writeln!(f)?;
            for drill in &report.drills {
                writeln!(
                    f,
                    "{:<16} {:<12} {:>5.1} min",
                    drill.name,
                    word(drill.outcome),
                    drill.elapsed_seconds / 60.0
                )?;
            }
        }
        Ok(())
    }
}

fn write_drill(drill: &DrillReport, f: &mut Formatter<'_>) -> fmt::Result {
    writeln!(f, "\n{}: {}", drill.name, drill.shows)?;
    if let Some(began) = &drill.began_at {
        writeln!(f, "  began at {began}")?;
    }
    if !drill.baseline.is_empty() {
        writeln!(f, "  there before: {}", drill.baseline.join(", "))?;
    }
    if drill.outcome == Outcome::Foreseen {
        write!(f, "{}", Foreseen(&drill.steps))?;
    } else {
        write!(f, "{}", Table(&drill.steps))?;
    }
    for load in &drill.loads {
        writeln!(f, "  {}", Sent(load))?;
    }
    if drill.recovery_skipped {
        writeln!(
            f,
            "  recovery was skipped: the alert goes on until healthy orders dilute the storm, or its window has passed"
        )?;
    }
    for reason in &drill.reasons {
        writeln!(f, "  {reason}")?;
    }
    writeln!(f, "{} {}", word(drill.outcome), drill.name)
}

/// Steps that are only foreseen: when they are expected.
#[derive(Clone, Copy, Debug)]
pub struct Foreseen<'a>(pub &'a [StepReport]);

impl Display for Foreseen<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let subject = width(self.0, |step| &step.subject);
        for row in self.0 {
            writeln!(
                f,
                "  {:<subject$}  {:<20}  {:>16}",
                row.subject,
                row.step,
                expected(row)
            )?;
        }
        Ok(())
    }
}

/// The longest of a column.
fn width(rows: &[StepReport], text: fn(&StepReport) -> &str) -> usize {
    rows.iter()
        .map(|row| text(row).chars().count())
        .max()
        .unwrap_or_default()
}

impl Display for Table<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return Ok(());
        }
        let subject = width(self.0, |step| &step.subject);
        let step = width(self.0, |step| &step.step);
        writeln!(
            f,
            "  {:<subject$}  {:<step$}  {:>16}  {:>8}  {:<11}  source",
            "", "step", "expected", "seen", "result"
        )?;
        for row in self.0 {
            let seen = row
                .seen_seconds
                .map_or_else(|| "-".into(), |at| format!("{at:.1}"));
            let detail = row
                .detail
                .as_ref()
                .map_or_else(String::new, |detail| format!(": {detail}"));
            writeln!(
                f,
                "  {:<subject$}  {:<step$}  {:>16}  {seen:>8}  {:<11}  {}{detail}",
                row.subject,
                row.step,
                expected(row),
                result(row),
                row.source
            )?;
        }
        Ok(())
    }
}

fn expected(row: &StepReport) -> String {
    match row.expected_from_seconds.zip(row.expected_to_seconds) {
        None => "-".into(),
        Some((from, to)) => format!("{from:.1} to {to:.1}"),
    }
}

/// What became of the step, and by how much it was late if that was still acceptable.
fn result(row: &StepReport) -> String {
    let late = row
        .seen_seconds
        .zip(row.expected_to_seconds)
        .map_or(0.0, |(seen, to)| seen - to);
    if row.result == "seen" && late >= 0.1 {
        format!("{late:.1} s late")
    } else {
        row.result.clone()
    }
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "PASS",
        Outcome::Failed => "FAILED",
        Outcome::NotFit => "NOT RUN",
        Outcome::Invalid => "INVALID",
        Outcome::Interrupted => "INTERRUPTED",
        Outcome::Foreseen => "DRY RUN",
    }
}

/// A load in one line.
struct Sent<'a>(&'a LoadReport);

impl Display for Sent<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let load = self.0;
        let c = &load.counts;
        let named = [
            ("ok", c.ok),
            ("http_4xx", c.http_4xx),
            ("http_5xx", c.http_5xx),
            ("timeout", c.timeout),
            ("connect", c.connect),
            ("reset", c.reset),
            ("expired", c.expired),
        ];
        let ended: Vec<_> = named
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .map(|(name, count)| format!("{name} {count}"))
            .collect();
        write!(
            f,
            "{}: {} orders in {:.0} s at {:.0}/s ({})",
            load.name,
            load.scheduled,
            load.asked_seconds,
            load.rate,
            ended.join(", ")
        )?;
        if let Some(lag) = load.own_lag {
            write!(
                f,
                "; generator's lag p99 {:.1} ms",
                lag.p99_seconds * 1000.0
            )?;
        }
        Ok(())
    }
}
