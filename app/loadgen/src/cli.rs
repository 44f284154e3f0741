//! The command line. How its values are written: [`values`](crate::values); defaults and contradictions:
//! [`settings`](crate::settings).

use std::time::Duration;

use clap::builder::RangedU64ValueParser;
use clap::{Parser, Subcommand};
use hyper::Method;
use hyper::http::uri::PathAndQuery;

use crate::scenario::Scenario;
use crate::target::Server;
use crate::threshold::Threshold;
use crate::values::{
    parse_duration, parse_method, parse_path, parse_rate, parse_share, parse_timeout, parse_wait,
};

/// A client has hardly more ports than that for one address of the target.
const MAX_CONNECTIONS: u64 = 60_000;
/// More threads than a machine has processors only take turns, and each has histograms of its own.
const MAX_THREADS: u64 = 64;

/// Below every `--help`.
const MORE: &str = "\
scripts/drill makes an incident and proves that its alert arrives.

By default every scenario ends within two minutes; --rate is its peak rate, --duration its whole length.

What the three times mean:
  lag        sent - intended    how late a request left; near zero unless every connection was busy
  service    done - sent        what the target took, as closed-loop tools see it
  response   done - intended    latency from the scheduled send time; thresholds use this

Classes, each arrival in exactly one: ok (status below 400), http_4xx, http_5xx, timeout (sent, no complete answer in time),
connect (never sent, no connection), reset (connection broke, or not HTTP), expired (never sent, every connection was busy).

Figures for --fail: pN (a percentile, such as p75 or p99.99), mean and max of response, error_rate (all but ok), achieved (share
of the asked rate that was sent), expired (a number, or a share with %). A threshold without samples fails.

Exit codes: 0 pass, 1 run failed, 2 usage, 3 threshold missed, 5 invalid run (the generator was too slow),
130 or 143 stopped by SIGINT or SIGTERM. The first signal stops sending, waits for what is in flight and reports; the second ends at once.

--json: one object, schema_version 2. scheduled = sent + counts.connect + counts.expired = the sum of counts; times are seconds
and end in _seconds; lag, own_lag, service, response: count, mean, p50, p90, p95, p99, p99_9, max, or null without samples; the
same by stage under stages; outcome, exit_code and reasons say how it went.";

#[derive(Clone, Debug, Subcommand)]
#[expect(missing_docs, reason = "only kept to say where drills are now")]
pub enum Command {
    /// Drills are a program of their own: scripts/drill NAME
    #[command(hide = true)]
    Drill {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

/// An open-loop load generator that tells the truth about latency.
#[derive(Debug, Parser)]
#[command(name = "loadgen", version, about, after_help = MORE, max_term_width = 120, args_conflicts_with_subcommands = true)]
#[command(disable_help_subcommand = true)]
pub struct Args {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    /// The load to make
    #[arg(value_enum, default_value = "bursts")]
    pub(crate) scenario: Scenario,

    /// Server to load [default: `http://order-service:8000`, where that name is unknown `http://127.0.0.1:8000`]
    #[arg(long, value_name = "URL", value_parser = Server::parse)]
    pub(crate) target: Option<Server>,

    /// Arrivals per second at the scenario's peak
    #[arg(long, value_name = "NUMBER", value_parser = parse_rate, allow_negative_numbers = true)]
    pub(crate) rate: Option<f64>,

    /// Length of the whole scenario, such as 500ms, 90s or 1m30s
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub(crate) duration: Option<Duration>,

    /// Connections to open; the only cap on requests in flight
    #[arg(long, value_name = "NUMBER", value_parser = up_to(MAX_CONNECTIONS))]
    pub(crate) connections: Option<usize>,

    /// How long after its intended instant an arrival is given up; at most 60s
    #[arg(long, value_name = "TIME", value_parser = parse_timeout, default_value = "10s")]
    pub(crate) timeout: Duration,

    /// Share of misbehaving orders in the storm of error-storm and slow-storm
    #[arg(long, value_name = "SHARE", value_parser = parse_share, allow_negative_numbers = true)]
    pub(crate) share: Option<f64>,

    /// Seed of everything random; printed, so that a run can be repeated [default: random]
    #[arg(long, value_name = "NUMBER")]
    pub(crate) seed: Option<u64>,

    /// Arrivals as a Poisson process instead of evenly spaced
    #[arg(long)]
    pub(crate) poisson: bool,

    /// Fail the run if this is true, such as `p99>300ms` or `error_rate>1%`; repeatable
    #[arg(long, value_name = "EXPRESSION")]
    pub(crate) fail: Vec<Threshold>,

    /// Print the summary as JSON
    #[arg(long)]
    pub(crate) json: bool,

    /// Path of the requests
    #[arg(long, value_name = "PATH", value_parser = parse_path, default_value = "/orders")]
    pub(crate) path: PathAndQuery,

    /// Method of the requests
    #[arg(long, value_name = "METHOD", value_parser = parse_method, default_value = "POST")]
    pub(crate) method: Method,

    /// Worker threads, at most 64 [default: one for each processor, at most 4]
    #[arg(long, value_name = "NUMBER", value_parser = up_to(MAX_THREADS))]
    pub(crate) threads: Option<usize>,

    /// How long to wait for the target to be ready, and for Prometheus; 0s waits for neither
    #[arg(long, value_name = "TIME", value_parser = parse_wait, default_value = "30s")]
    pub(crate) wait: Duration,

    /// Prometheus that should have scraped the target once before the load starts [default: the stack's own when
    /// --target is not given]
    #[arg(long, value_name = "URL", value_parser = Server::parse)]
    pub(crate) prometheus: Option<Server>,

    /// Start without waiting for a scrape; what happens before the first scrape is invisible to `rate()`
    #[arg(long)]
    pub(crate) no_wait_scrape: bool,

    /// Highest valid lag p99 while a connection was free; above it the run is invalid
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "5ms")]
    pub(crate) max_lag: Duration,
}

fn up_to(max: u64) -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(1..=max)
}
