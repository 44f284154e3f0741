//! One drill, from the look round to its report.

use std::time::Duration;

use hyper::StatusCode;
use tokio::time::sleep;

use super::Series;
use crate::drill::conduct::watch::Watch;
use crate::drill::conduct::{Halt, Performance, Terms, Theatre, now, stood_at};
use crate::drill::definition::{Act, Drill, Goal};
use crate::drill::fitness;
use crate::drill::judge::{Row, failures};
use crate::drill::known::Known;
use crate::drill::prediction::timeline;
use crate::drill::progress::Progress;
use crate::drill::report::build::{beginning, moment};
use crate::drill::report::text::Foreseen;
use crate::drill::report::{DrillReport, LoadReport, Outcome, StepReport};
use crate::drill::sources::Unusable;
use crate::drill::survey::{Obstacle, Survey};
use crate::verdict::{Interrupt, Limits};

/// Between two looks at whether it is there.
const PAUSE: Duration = Duration::from_secs(1);

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

    /// What is known for the drill, once what comes by itself is there.
    async fn prepare(&mut self, drill: &'static Drill) -> Result<(Survey, Known), DrillReport> {
        let began = now();
        let mut progress = Progress::new(drill, began);
        loop {
            let found = tokio::select! {
                found = Survey::take(&self.servers, drill, now()) => found,
                signal = self.signals.next() => return Err(self.interrupted(drill, signal)),
            };
            let obstacles = match found {
                Err(unusable) => vec![of_server(&unusable)],
                Ok(survey) => match fitness::judge(drill, &survey) {
                    (Some(known), obstacles) if obstacles.is_empty() => return Ok((survey, known)),
                    (Some(known), obstacles)
                        if self.args.dry_run
                            && obstacles.iter().all(|o| o.passes_within.is_some()) =>
                    {
                        for obstacle in &obstacles {
                            self.screen
                                .note(&format!("it would wait: {}", obstacle.text));
                        }
                        return Ok((survey, known));
                    }
                    (_, obstacles) => obstacles,
                },
            };
            // Of several, the one that is given up first.
            let patience = obstacles
                .iter()
                .map(|obstacle| obstacle.passes_within.unwrap_or_default())
                .fold(self.args.wait.as_secs_f64(), f64::min);
            let waited = now() - began;
            let reasons = obstacles.into_iter().map(|obstacle| obstacle.text);
            if self.args.dry_run || waited >= patience {
                let mut reasons: Vec<_> = reasons.collect();
                if waited >= 1.0 {
                    reasons.push(format!("waited {waited:.0} s for it"));
                }
                return Err(DrillReport::new(drill, Outcome::NotFit, reasons));
            }
            let reasons = reasons.collect::<Vec<_>>().join("; ");
            progress.wait(&mut self.screen, (&reasons, patience - waited));
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

/// A server that is just starting says so.
fn of_server(unusable: &Unusable) -> Obstacle {
    let text = format!("{unusable}: is the stack up? (scripts/up)");
    match unusable.status() {
        Some(StatusCode::SERVICE_UNAVAILABLE) => Obstacle::settling(text),
        _ => Obstacle::lasting(text),
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
