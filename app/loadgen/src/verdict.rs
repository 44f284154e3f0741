//! Was it a valid run, and did it pass? The exit codes.
//!
//! A run says nothing about its target when the generator itself was too slow. Only what happened while a connection was free, or
//! while a thread was saturated, counts against it: a frozen or overloaded target keeps every connection busy and makes response
//! times long; it never makes a run invalid. The limits people set are in [`threshold`](crate::threshold).

use std::process::ExitCode;
use std::time::Duration;

use serde::Serialize;

use crate::ledger::{Class, Totals};
use crate::process::Interrupt;
use crate::threshold::{Evaluation, Threshold};

/// Least share of arrivals that must have been sent, of those a connection was free for.
const MIN_SENT: f64 = 0.98;

/// How a run is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// Valid, and every threshold held.
    Pass,
    /// Not one arrival was answered.
    Failed,
    /// A threshold was missed.
    Missed,
    /// The generator could not keep its schedule: the figures say nothing about the target.
    Invalid,
    /// Stopped by a signal; the figures cover what was sent until then.
    Interrupted,
}

#[derive(Clone, Debug)]
pub(crate) struct Verdict {
    pub(crate) outcome: Outcome,
    /// One line for each thing that is wrong.
    pub(crate) reasons: Vec<String>,
    /// Every threshold, held or missed.
    pub(crate) evaluations: Vec<Evaluation>,
    pub(crate) exit: Exit,
}

impl Verdict {
    /// Judges a run. An interrupt outweighs all, an invalid run is no evidence for or against a threshold.
    pub(crate) fn new(
        totals: &Totals,
        max_lag: Duration,
        thresholds: &[Threshold],
        interrupt: Option<Interrupt>,
    ) -> Self {
        let evaluations: Vec<_> = thresholds
            .iter()
            .map(|threshold| threshold.evaluate(totals))
            .collect();
        let missed = evaluations.iter().filter(|evaluation| evaluation.missed);
        let missed: Vec<_> = missed.map(ToString::to_string).collect();
        let faults = faults(totals, max_lag);
        let mut answers = Class::ALL.into_iter().filter(|class| class.is_answer());
        let is_answered = answers.any(|class| totals.count(class) > 0);
        let (outcome, reasons, exit) = if let Some(interrupt) = interrupt {
            let reason = format!("stopped by {}", interrupt.name());
            let exit = Exit::Interrupted(interrupt);
            (Outcome::Interrupted, vec![reason], exit)
        } else if !faults.is_empty() {
            (Outcome::Invalid, faults, Exit::Invalid)
        } else if totals.end.scheduled > 0 && !is_answered {
            let reason = "not one request was answered".into();
            (Outcome::Failed, vec![reason], Exit::Failed)
        } else if missed.is_empty() {
            (Outcome::Pass, Vec::new(), Exit::Pass)
        } else {
            (Outcome::Missed, missed, Exit::Missed)
        };
        Self {
            outcome,
            reasons,
            evaluations,
            exit,
        }
    }
}

/// What makes the run invalid, one line each: lag of the generator's own above `max_lag` at the 99th percentile, or arrivals that
/// it did not send.
pub(crate) fn faults(totals: &Totals, max_lag: Duration) -> Vec<String> {
    let mut faults = Vec::new();
    let own_lag = totals.own_lag.quantile(0.99).unwrap_or_default();
    if own_lag > max_lag {
        faults.push(format!(
            "the generator was late while a connection was free: lag p99 {own_lag:.1?}, at most {max_lag:?} is valid"
        ));
    }
    let (expired, scheduled) = (totals.expired_while_free, totals.end.scheduled);
    if expired as f64 > (1.0 - MIN_SENT) * scheduled as f64 {
        faults.push(format!(
            "{expired} of {scheduled} arrivals were not sent although a connection was free"
        ));
    }
    let behind = totals.behind.quantile(0.99).unwrap_or_default();
    if behind > max_lag {
        faults.push(format!(
            "a worker thread had no processor time left and fell behind its schedule: p99 {behind:.1?}, at most {max_lag:?} is valid"
        ));
    }
    faults
}

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Pass,
    /// The run could not be made, or nothing was answered.
    Failed,
    /// The command line makes no sense.
    Usage,
    Missed,
    Invalid,
    Interrupted(Interrupt),
}

impl Exit {
    /// For signals 128 and the signal's own number, as shells have it.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Pass => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Missed => 3,
            Self::Invalid => 5,
            Self::Interrupted(Interrupt::Int) => 130,
            Self::Interrupted(Interrupt::Term) => 143,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Exit, Verdict};
    use crate::ledger::{Class, Record, Timing, Totals};
    use crate::process::Interrupt;

    const MAX_LAG: Duration = Duration::from_millis(5);

    /// One hundred arrivals in a second, each with this class, response time and lag of the generator's own.
    fn run(class: Class, response: Duration, own_lag: Duration) -> Totals {
        let mut totals = Totals::new(1);
        for k in 0..100 {
            let intended = Duration::from_millis(10 * k);
            totals.record(&Record {
                stage: 0,
                class,
                timing: Timing {
                    intended,
                    sent: intended,
                    done: intended + response,
                },
                own_lag,
                ran_out: false,
            });
        }
        totals.end.scheduled = 100;
        totals.end.asked_for = Duration::from_secs(1);
        totals
    }

    fn ok(own_lag: u64) -> Totals {
        let response = Duration::from_millis(100);
        run(Class::Ok, response, Duration::from_millis(own_lag))
    }

    fn verdict(totals: &Totals, thresholds: &[&str], interrupt: Option<Interrupt>) -> Verdict {
        let thresholds = thresholds.iter().map(|text| text.parse());
        let thresholds: Result<Vec<_>, _> = thresholds.collect();
        Verdict::new(totals, MAX_LAG, &thresholds.expect("thresholds"), interrupt)
    }

    fn exit(totals: &Totals) -> Exit {
        verdict(totals, &[], None).exit
    }

    #[test]
    fn an_interrupt_outweighs_an_invalid_run_and_that_a_failed_or_missed_one() {
        let expressions = ["p99>300ms", "p99>50ms"];
        assert_eq!(verdict(&ok(4), &expressions[..1], None).exit, Exit::Pass);
        let missed = verdict(&ok(4), &expressions, None);
        assert_eq!(missed.exit, Exit::Missed, "one is enough");
        assert_eq!(missed.reasons, ["p99>50ms (was 100.0 ms)"]);
        assert_eq!(verdict(&ok(6), &expressions, None).exit, Exit::Invalid);
        for (interrupt, code) in [(Interrupt::Int, 130), (Interrupt::Term, 143)] {
            let verdict = verdict(&ok(6), &expressions, Some(interrupt));
            assert_eq!(verdict.exit.code(), code);
        }
    }

    #[test]
    fn a_slow_or_overloaded_target_never_makes_a_run_invalid() {
        let minute = Duration::from_mins(1);
        assert_eq!(exit(&run(Class::Ok, minute, Duration::ZERO)), Exit::Pass);
        for class in [Class::Timeout, Class::Expired] {
            let unanswered = run(class, minute, Duration::ZERO);
            assert_eq!(exit(&unanswered), Exit::Failed, "{class:?}");
        }
        assert_eq!(exit(&Totals::new(1)), Exit::Pass, "nothing was due");
    }

    #[test]
    fn arrivals_that_expire_beside_a_free_connection_are_the_generators_fault() {
        let mut totals = ok(0);
        totals.expired_while_free = 2;
        assert_eq!(exit(&totals), Exit::Pass);
        totals.expired_while_free = 3;
        assert_eq!(exit(&totals), Exit::Invalid);
    }

    #[test]
    fn a_generator_without_a_processor_is_noticed_although_its_connections_look_busy() {
        let mut totals = ok(0);
        totals.lag.record_many(Duration::from_millis(20), 100);
        totals.behind.record_many(Duration::ZERO, 99);
        assert_eq!(exit(&totals), Exit::Pass, "late, but with time to spare");
        totals.behind.record_many(Duration::from_millis(6), 2);
        assert_eq!(exit(&totals), Exit::Invalid);
    }
}
