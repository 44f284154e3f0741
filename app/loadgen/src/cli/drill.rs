//! The command line of `loadgen drill`.

use std::time::Duration;

use clap::{ArgGroup, Args, ValueEnum};

use crate::drill::Name;
use crate::target::Server;
use crate::times::{parse_duration, parse_wait};

/// Below `loadgen drill --help`.
const MORE: &str = "\
A drill looks around first (everything reachable, rule loaded and healthy, no silence, its alert neither firing nor in
Alertmanager, pager's heartbeat there), waits for what comes by itself, prints when it expects what, makes the incident, watches
Prometheus, Alertmanager and pager, and prints a table: every step with the time it was expected, the time it came, and who says so.
A drill that pages must make one PagerDuty incident: one key from the first page to the last end, which is told once.

Exit codes: 0 pass, 1 the stack was not found, 2 usage, 4 a drill failed (with a line that names the broken link), 5 not run or
invalid (the stack was not fit for it, or the load came too late), 130 or 143 stopped by SIGINT or SIGTERM.

--json: one object, schema_version 1: exit_code, and drills with name, outcome (pass, failed, not_fit, invalid, interrupted,
foreseen), reasons, steps (subject, step, result, expected_from_seconds, expected_to_seconds, seen_seconds, seen_at, source) and loads.";

/// Makes an incident and proves that its alert arrives, and its end does.
#[derive(Clone, Debug, Args)]
#[command(after_help = MORE)]
#[command(group = ArgGroup::new("which").args(["name", "all", "list"]).required(true))]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of its own on the command line"
)]
pub struct DrillArgs {
    /// The drill
    #[arg(value_enum)]
    pub name: Option<Name>,

    /// Every drill in series, in the order in which they disturb each other least. Those that stop services only with
    /// --operator
    #[arg(long)]
    pub all: bool,

    /// Print the drills, what they show and about how long they take
    #[arg(long)]
    pub list: bool,

    /// Look around and print what would be expected, and when; wait for nothing, send nothing
    #[arg(long, conflicts_with = "list")]
    pub dry_run: bool,

    /// Print the verdict as JSON
    #[arg(long, conflicts_with = "list")]
    pub json: bool,

    /// Give the verdict without waiting for the end of the alert
    #[arg(long, value_enum, value_name = "STEP", conflicts_with = "list")]
    pub until: Option<Until>,

    /// Stop and start services through somebody who reads stderr and carries out its lines `do: docker compose stop SERVICE` and
    /// `… start SERVICE`, as scripts/drill does
    #[arg(long, conflicts_with = "list")]
    pub operator: bool,

    /// order-service [default: `http://order-service:8000`, where that name is unknown `http://127.0.0.1:8000`]
    #[arg(long, value_name = "URL", value_parser = Server::parse)]
    pub target: Option<Server>,

    /// Prometheus [default: port 9090 of the same]
    #[arg(long, value_name = "URL", value_parser = Server::parse)]
    pub prometheus: Option<Server>,

    /// Alertmanager [default: port 9093 of the same]
    #[arg(long, value_name = "URL", value_parser = Server::parse)]
    pub alertmanager: Option<Server>,

    /// pager [default: port 8025 of the same]
    #[arg(long, value_name = "URL", value_parser = Server::parse)]
    pub pager: Option<Server>,

    /// How long at most to wait, before a drill begins, for what comes by itself: the first heartbeat after a start (two
    /// minutes are enough), windows that have to pass (ten are); 0s waits for nothing
    #[arg(long, value_name = "TIME", value_parser = parse_wait, default_value = "10m")]
    pub wait: Duration,

    /// Seed of everything random; printed, so that a drill can be repeated [default: random]
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,

    /// Highest valid lag p99 of the load while a connection was free; above it the drill is invalid
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "250ms")]
    pub max_lag: Duration,

    /// How much later than rule and routing allow a step may come
    #[arg(long, value_name = "TIME", value_parser = parse_wait, default_value = "15s")]
    pub slack: Duration,
}

/// Where a drill may end early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Until {
    /// When the alert has reached people.
    Delivered,
}
