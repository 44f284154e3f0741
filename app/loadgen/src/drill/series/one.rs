//! One drill, from the look round to its report.

use std::time::Duration;

use tokio::time::sleep;

use super::Series;
use crate::drill::conduct::watch::Watch;
use crate::drill::conduct::{Halt, Performance, Terms, Theatre, now, stood_at};
use crate::drill::definition::{Act, Drill, Goal};
use crate::drill::fitness::{self, Obstacle};
use crate::drill::judge::{Row, failures};
use crate::drill::known::Known;
use crate::drill::prediction::timeline;
use crate::drill::report::build::{beginning, moment};
use crate::drill::report::text::Foreseen;
use crate::drill::report::{DrillReport, LoadReport, Outcome, StepReport};
use crate::drill::survey::Survey;
use crate::verdict::{Interrupt, Limits};

/// Longest wait of a series for what a drill needs before it begins: the five minutes of the rules' windows, and as much again
/// for notices and a busy machine.
const BASELINE: f64 = 600.0;
/// Between two looks at whether it is there.
const PAUSE: Duration = Duration::from_secs(2);

impl Series {
    /// One drill, from the look round to its report.
    pub(super) async fn run(&mut self, drill: &'static Drill) -> DrillReport {
        let began = now();
        if !self.args.dry_run {
            self.screen.note(&format!(
                "drill {}: {}; about {} min; {}, seed {}",
                drill.name.word(),
                drill.shows,
                drill.minutes,
                self.stack.order_service.url(),
                self.terms.seed
            ));
        }
        let mut report = match self.prepare(drill).await {
            Ok((survey, known)) => self.perform(drill, &survey, &known).await,
            Err(report) => report,
        };
        report.elapsed_seconds = now() - began;
        report
    }

    /// What is known for the drill; in a series, what only takes time is waited for.
    async fn prepare(&mut self, drill: &'static Drill) -> Result<(Survey, Known), DrillReport> {
        let began = now();
        let mut said = Vec::new();
        loop {
            let found = tokio::select! {
                found = Survey::take(&self.servers, drill, now()) => found,
                signal = self.signals.next() => return Err(self.interrupted(drill, signal)),
            };
            let obstacles = match found {
                Err(unusable) => vec![Obstacle {
                    text: format!("{unusable}: is the stack up? (scripts/up)"),
                    passes: false,
                }],
                Ok(survey) => match fitness::judge(drill, &survey) {
                    Ok(known) => return Ok((survey, known)),
                    Err(obstacles) => obstacles,
                },
            };
            let left = began + BASELINE - now();
            let waits = self.args.all
                && !self.args.dry_run
                && left > 0.0
                && obstacles.iter().all(|obstacle| obstacle.passes);
            let reasons: Vec<_> = obstacles
                .into_iter()
                .map(|obstacle| obstacle.text)
                .collect();
            if !waits {
                return Err(DrillReport::new(drill, Outcome::NotFit, reasons));
            }
            if reasons != said {
                for reason in &reasons {
                    self.screen
                        .note(&format!("waiting, at most {left:.0} s: {reason}"));
                }
                said = reasons;
            }
            tokio::select! {
                () = sleep(PAUSE) => {}
                signal = self.signals.next() => return Err(self.interrupted(drill, signal)),
            }
        }
    }

    fn interrupted(&mut self, drill: &Drill, signal: Interrupt) -> DrillReport {
        self.interrupt = Some(signal);
        let reason = format!("stopped by {} before anything was sent", signal.name());
        DrillReport::new(drill, Outcome::Interrupted, vec![reason])
    }

    async fn perform(
        &mut self,
        drill: &'static Drill,
        survey: &Survey,
        known: &Known,
    ) -> DrillReport {
        let foreseen: Vec<_> = timeline(drill, known)
            .iter()
            .filter(|row| row.expected.is_some())
            .map(|row| StepReport::new(row, None))
            .collect();
        let baseline = fitness::baseline(survey);
        if self.args.dry_run {
            let mut report = DrillReport::new(drill, Outcome::Foreseen, Vec::new());
            report.steps = foreseen;
            report.baseline = baseline;
            return report;
        }
        self.screen.note(&format!(
            "expected, in seconds since the incident's beginning:\n{}",
            Foreseen(&foreseen).to_string().trim_end()
        ));
        let mut watch = Watch::new(
            drill,
            known,
            (survey.active.clone(), survey.requests.clone()),
        );
        watch.read_before(&self.servers, drill).await;
        let can_stop = drill
            .script
            .iter()
            .any(|act| matches!(act, Act::Await(Goal::Onset)));
        let terms = Terms {
            stops_at_delivery: self.terms.stops_at_delivery && can_stop,
            ..self.terms
        };
        let theatre = Theatre {
            servers: &self.servers,
            stack: &self.stack,
            screen: &mut self.screen,
            signals: &mut self.signals,
        };
        let mut performance = Performance::new(drill, known, (terms, watch), theatre);
        let halt = performance.perform().await;
        let rows = performance.verdict();
        let loads = std::mem::take(&mut performance.loads);
        let origin = beginning(&performance.marks);
        if let Some(Halt::Interrupted(signal)) = &halt {
            self.interrupt = Some(*signal);
        }
        // A drill shares its machine with the whole stack, and its steps take seconds: it may be later than other loads.
        let limits = Limits {
            lag: self.args.max_lag,
        };
        let invalid: Vec<_> = loads.iter().flat_map(|load| load.faults(&limits)).collect();
        let (outcome, reasons) = outcome(halt, &rows, invalid);
        let mut report = DrillReport::new(drill, outcome, reasons);
        report.baseline = baseline;
        report.began_at = origin.and_then(moment);
        let has_recovered = loads.iter().any(|load| load.recipe.name == "recovery");
        let recovers = drill.script.iter().any(|act| matches!(act, Act::Recover));
        report.recovery_skipped = recovers && origin.is_some() && !has_recovered;
        report.steps = rows
            .iter()
            .map(|row| StepReport::new(row, origin))
            .collect();
        report.loads = loads.iter().map(LoadReport::new).collect();
        report
    }
}

/// How a performance is judged. An interrupt outweighs all; a load that came late is no evidence for or against anything.
fn outcome(halt: Option<Halt>, rows: &[Row], invalid: Vec<String>) -> (Outcome, Vec<String>) {
    let failures = failures(rows);
    match halt {
        Some(Halt::Interrupted(signal)) => (
            Outcome::Interrupted,
            vec![format!("stopped by {}: {}", signal.name(), stood_at(rows))],
        ),
        Some(Halt::NobodyThere(reason)) => (Outcome::Invalid, vec![reason]),
        _ if !invalid.is_empty() => (Outcome::Invalid, [invalid, failures].concat()),
        Some(Halt::Broken(reason)) => (Outcome::Failed, [vec![reason], failures].concat()),
        _ if !failures.is_empty() => (Outcome::Failed, failures),
        Some(Halt::Failed) => (
            Outcome::Failed,
            vec!["a step failed, and no longer did when the verdict was given".into()],
        ),
        None => (Outcome::Pass, Vec::new()),
    }
}
