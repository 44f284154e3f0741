//! A run from its launch to its end: a look once a second, and the signals.

use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::engine::{EngineError, Running};
use crate::ledger::{Interval, Totals};
use crate::live::{Look, Memory, Screen};
use crate::scenario::{Load, Plan};
use crate::signals::Signals;
use crate::verdict::{Exit, Interrupt};

/// Shows the run once a second until its end; the first signal stops it, the second ends the process.
///
/// # Errors
/// The engine gave up.
pub(crate) async fn watch(
    plan: &Plan,
    mut running: Running,
    signals: &mut Signals,
    screen: &mut Screen,
) -> Result<(Totals, Option<Interrupt>), EngineError> {
    let mut ticks = interval(Duration::from_secs(1));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.tick().await;
    let (mut seen, mut spare, mut memory) =
        (Interval::default(), Interval::default(), Memory::default());
    let mut last = Instant::now();
    let mut interrupt = None;
    loop {
        tokio::select! {
            totals = running.finished() => return Ok((totals?, interrupt)),
            signal = signals.next() => {
                if let Some(first) = interrupt {
                    screen.note("stopped at once, without a summary");
                    std::process::exit(Exit::Interrupted(first).code().into());
                }
                interrupt = Some(signal);
                running.stop();
                screen.note(&format!("{}: sending stopped, waiting for what is in flight", signal.name()));
            }
            _ = ticks.tick() => {
                seen.clear();
                running.look(&mut seen, &mut spare);
                let since = last.elapsed();
                last = Instant::now();
                let (asked, stage) = phase(plan, running.now(), interrupt.is_some());
                let look = Look {
                    elapsed: running.now(),
                    since,
                    duration: plan.duration(),
                    stage,
                    asked,
                    scheduled: running.scheduled(),
                    interval: &seen,
                };
                screen.show(&memory.sample(look));
            }
        }
    }
}

/// The asked rate and the name of the stage at that moment.
fn phase(plan: &Plan, now: Duration, is_stopped: bool) -> (Option<f64>, String) {
    if is_stopped || now >= plan.duration() {
        return (Some(0.0), "drain".into());
    }
    match &plan.load {
        Load::Open(profile) => {
            let (rate, stage) = profile.asked_at(now);
            (Some(rate), plan.stages[stage].name.clone())
        }
        Load::Closed(_) => (None, plan.stages[0].name.clone()),
    }
}
