//! The command line.

use std::path::PathBuf;

use clap::Parser;

use crate::client::Access;
use crate::moment::Span;

/// Makes an incident on purpose, and proves that its alert reaches people, and its end too.
///
/// A drill is a file: docs/drills.md. It is played on any Prometheus and Alertmanager.
///
/// Exit codes: 0 pass, 1 a step could not be done, 2 usage, 4 drill failed, 5 load invalid or stack not ready, 130 or
/// 143 interrupted.
#[derive(Debug, Parser)]
#[command(name = "drill", version)]
#[expect(clippy::struct_excessive_bools, reason = "options")]
pub(crate) struct Args {
    /// Name of a drill (a file of the folder), or a file
    #[arg(required_unless_present_any = ["list", "all", "check"])]
    pub(crate) drill: Option<String>,
    /// Play every drill of the folder, each when its needs are met
    #[arg(long, conflicts_with = "drill")]
    pub(crate) all: bool,
    /// List the drills of the folder
    #[arg(long, conflicts_with = "drill")]
    pub(crate) list: bool,
    /// Only check this file, without any server
    #[arg(long, value_name = "FILE", conflicts_with = "drill")]
    pub(crate) check: Option<PathBuf>,
    /// Folder of rule files whose alerts `--check` allows
    #[arg(long, env = "DRILL_RULES")]
    pub(crate) rules: Option<PathBuf>,
    /// Folder of the drills
    #[arg(long, env = "DRILLS", default_value = "observability/drills")]
    pub(crate) folder: PathBuf,
    /// URL of Prometheus, with its path prefix
    #[arg(long, env = "DRILL_PROMETHEUS")]
    #[arg(default_value = "http://localhost:9090")]
    pub(crate) prometheus: String,
    /// URL of Alertmanager, with its path prefix
    #[arg(long, env = "DRILL_ALERTMANAGER")]
    #[arg(default_value = "http://localhost:9093")]
    pub(crate) alertmanager: String,
    /// URL that loads and requests are sent to, over plain HTTP
    #[arg(long, env = "DRILL_TARGET", default_value = "http://localhost:8000")]
    pub(crate) target: String,
    /// URL of pager, whose record proves deliveries; `none` without
    #[arg(long, env = "DRILL_PAGER", default_value = "none")]
    pub(crate) pager: String,
    /// Address to receive webhooks at, which prove deliveries
    #[arg(long, value_name = "ADDRESS", env = "DRILL_LISTEN")]
    pub(crate) listen: Option<String>,
    #[command(flatten)]
    pub(crate) access: Access,
    /// This target, which is not on this machine, may be loaded, stopped and paged about
    #[arg(long, value_name = "HOST", env = "DRILL_CONFIRM")]
    pub(crate) confirm: Option<String>,
    /// Services are stopped and started by whoever reads `do:` on standard error, and answers `done`
    #[arg(long)]
    pub(crate) operator: bool,
    /// Carry out the commands of `run` steps
    #[arg(long)]
    pub(crate) allow_run: bool,
    /// Only say when each step would be expected
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Print the report as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// End as soon as the alerts have been delivered
    #[arg(long, value_parser = ["delivered"])]
    pub(crate) until: Option<String>,
    /// How long to wait until the stack is ready; after another drill at least as long as that one disturbs
    #[arg(long, default_value = "10m", value_parser = span)]
    pub(crate) wait: Span,
    /// How much later than expected is acceptable
    #[arg(long, default_value = "10s", value_parser = span)]
    pub(crate) slack: Span,
    /// How late the generator itself may be (p99) for its load to be valid
    #[arg(long, default_value = "250ms", value_parser = span)]
    pub(crate) max_lag: Span,
    /// Seed of everything that is random in a load
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}

fn span(text: &str) -> Result<Span, &'static str> {
    Span::parse(text).ok_or("wanted: a time such as 10s, 1m30s or 2h")
}
