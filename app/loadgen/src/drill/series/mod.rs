//! One drill or several, from the command line to the exit code. What is done for each of them is in `one`.

mod one;

use std::io::{self, Write};

use super::catalogue::SERIES;
use super::conduct::Terms;
use super::name::Name;
use super::report::text::Text;
use super::report::{DrillReport, Outcome, Report, SCHEMA_VERSION};
use super::servers::Servers;
use crate::app::Failure;
use crate::cli::drill::{DrillArgs, Until};
use crate::limits::allow_connections;
use crate::live::Screen;
use crate::signals::Signals;
use crate::stack::{Found, NotFound, Stack};
use crate::verdict::{Exit, Interrupt};

/// A run of drills.
struct Series {
    args: DrillArgs,
    terms: Terms,
    stack: Stack,
    servers: Servers,
    screen: Screen,
    signals: Signals,
    interrupt: Option<Interrupt>,
}

/// Does what the command line says, and returns how it ended.
///
/// # Errors
/// The stack was not found.
pub async fn run(args: DrillArgs) -> Result<Exit, Failure> {
    if args.list {
        print(&list());
        return Ok(Exit::Pass);
    }
    let names = match (args.name, args.all) {
        (Some(name), _) => vec![name],
        (None, _) => SERIES
            .into_iter()
            .filter(|name| args.operator || !name.drill().needs_hands())
            .collect(),
    };
    if let Some(name) = names
        .iter()
        .find(|name| name.drill().needs_hands() && !args.operator && !args.dry_run)
    {
        return Err(Failure::NeedsHands(name.word()));
    }
    let most = names
        .iter()
        .filter_map(|name| name.drill().storm())
        .map(|storm| storm.connections)
        .max();
    allow_connections(most.unwrap_or_default())?;
    let (stack, guess) = find(&args).await?;
    let terms = Terms {
        seed: args.seed.unwrap_or_else(|| rand::random::<u64>() >> 11),
        slack: args.slack.as_secs_f64(),
        stops_at_delivery: args.until == Some(Until::Delivered),
    };
    let mut series = Series {
        servers: Servers::new(&stack),
        stack,
        terms,
        args,
        screen: Screen::new(|name| std::env::var(name).ok()),
        signals: Signals::listen().map_err(Failure::Signals)?,
        interrupt: None,
    };
    if let Some(guess) = guess {
        series.screen.note(&guess);
    }
    let mut drills = Vec::new();
    for name in names {
        drills.push(series.run(name.drill()).await);
        if series.interrupt.is_some() {
            break;
        }
    }
    let exit = series.exit(&drills);
    let report = Report {
        schema_version: SCHEMA_VERSION,
        target: series.stack.order_service.url(),
        seed: series.terms.seed,
        exit_code: exit.code(),
        drills,
    };
    if series.args.json {
        let json = serde_json::to_string_pretty(&report)
            .expect("a report has string keys and finite numbers");
        print(&format!("{json}\n"));
    } else {
        print(&Text(&report).to_string());
    }
    Ok(exit)
}

impl Series {
    fn exit(&self, drills: &[DrillReport]) -> Exit {
        let any = |outcome| drills.iter().any(|drill| drill.outcome == outcome);
        if let Some(signal) = self.interrupt {
            Exit::Interrupted(signal)
        } else if any(Outcome::Failed) {
            Exit::DrillFailed
        } else if any(Outcome::NotFit) || any(Outcome::Invalid) {
            Exit::Invalid
        } else {
            Exit::Pass
        }
    }
}

/// The servers that were named, and the stack's own for the others; and that these are a guess, if they are.
async fn find(args: &DrillArgs) -> Result<(Stack, Option<String>), Failure> {
    let named = [
        &args.target,
        &args.prometheus,
        &args.alertmanager,
        &args.pager,
    ];
    let (stack, guess) = match Stack::find().await {
        Ok(Found { stack, guess, .. }) => (stack, guess.filter(|_| named.contains(&&None))),
        Err(_) if args.target.is_some() => (Stack::in_network(), None),
        Err(NotFound { server, cause }) => {
            return Err(Failure::Unknown {
                url: server.url(),
                cause,
            });
        }
    };
    let chosen = |asked: &Option<_>, own| asked.clone().unwrap_or(own);
    let stack = Stack {
        order_service: chosen(&args.target, stack.order_service),
        prometheus: chosen(&args.prometheus, stack.prometheus),
        alertmanager: chosen(&args.alertmanager, stack.alertmanager),
        pager: chosen(&args.pager, stack.pager),
    };
    Ok((stack, guess))
}

/// All drills, one line each.
fn list() -> String {
    let lines = SERIES.map(|name: Name| {
        let drill = name.drill();
        let how = if drill.needs_hands() {
            "scripts/drill"
        } else {
            "loadgen drill"
        };
        format!(
            "{:<16} about {:>3} min  {how} {}\n                 {}\n",
            name.word(),
            drill.minutes,
            name.word(),
            drill.shows
        )
    });
    lines.concat()
}

/// The only thing that goes to stdout.
fn print(text: &str) {
    // Whoever closed stdout doesn't want it.
    let _nobody_reads = io::stdout().lock().write_all(text.as_bytes());
}
