//! What is to be done, complete and checked: the command line with every default filled in.

use std::time::Duration;

use thiserror::Error;

use crate::cli::Args;
use crate::scenario::{Load, Plan, Scenario, Shape};
use crate::schedule::ArrivalProcess;

/// Most arrivals of a run; the schedule's arithmetic is exact far beyond it.
const MAX_ARRIVALS: f64 = 1e9;
/// Unless more are asked for.
const MAX_THREADS: usize = 4;

/// Why the options contradict each other.
#[derive(Debug, Error)]
pub(crate) enum Contradiction {
    #[error(
        "--rate means nothing to max, which goes as fast as its connections; leave it out, or use steady"
    )]
    RateOfMax,
    #[error("--share means nothing to {0}; it belongs to error-storm and slow-storm")]
    ShareWithoutFaults(String),
    #[error("--poisson means nothing to max, which has no schedule")]
    PoissonMax,
    #[error(
        "{rate} arrivals per second for {duration:?} make not even one arrival; raise --rate or --duration"
    )]
    NoArrivals { rate: f64, duration: Duration },
    #[error("{0:.0} arrivals are too many for one run; at most {MAX_ARRIVALS:.0}")]
    TooManyArrivals(f64),
}

/// Everything a run needs to know before a name is looked up.
#[derive(Debug)]
pub(crate) struct Settings {
    /// What needs no default.
    pub(crate) args: Args,
    pub(crate) shape: Shape,
    pub(crate) plan: Plan,
    pub(crate) connections: usize,
    pub(crate) threads: usize,
    pub(crate) process: ArrivalProcess,
    pub(crate) seed: u64,
}

impl Settings {
    /// Fills in what was not asked.
    pub(crate) fn new(args: Args) -> Result<Self, Contradiction> {
        let scenario = args.scenario;
        if scenario == Scenario::Max && args.rate.is_some() {
            return Err(Contradiction::RateOfMax);
        }
        if scenario == Scenario::Max && args.poisson {
            return Err(Contradiction::PoissonMax);
        }
        if !scenario.has_faults() && args.share.is_some() {
            return Err(Contradiction::ShareWithoutFaults(scenario.name()));
        }
        let (defaults, connections) = scenario.defaults();
        let shape = Shape {
            rate: args.rate.unwrap_or(defaults.rate),
            duration: args.duration.unwrap_or(defaults.duration),
            share: args.share.unwrap_or(defaults.share),
        };
        let plan = Plan::new(scenario, shape);
        if let Load::Open(profile) = &plan.load {
            let Shape { rate, duration, .. } = shape;
            if profile.count() == 0 {
                return Err(Contradiction::NoArrivals { rate, duration });
            }
            if profile.expected() > MAX_ARRIVALS {
                return Err(Contradiction::TooManyArrivals(profile.expected()));
            }
        }
        let connections = args.connections.unwrap_or(connections);
        let threads = args.threads.unwrap_or_else(default_threads);
        let process = if args.poisson {
            ArrivalProcess::Poisson
        } else {
            ArrivalProcess::Even
        };
        // 53 bits, so that every JSON reader can repeat it.
        let seed = args.seed.unwrap_or_else(|| rand::random::<u64>() >> 11);
        Ok(Self {
            args,
            shape,
            plan,
            connections,
            threads: threads.min(connections),
            process,
            seed,
        })
    }
}

/// One for each processor, as far as that helps.
pub(crate) fn default_threads() -> usize {
    std::thread::available_parallelism().map_or(1, |processors| processors.get().min(MAX_THREADS))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clap::{CommandFactory, Parser, ValueEnum};

    use super::Settings;
    use crate::cli::Args;
    use crate::scenario::Scenario;
    use crate::values::parse_duration;

    #[test]
    fn help_shows_every_scenario_with_a_valid_example_and_every_exit_code() {
        let help = Args::command().render_long_help().to_string();
        for part in [
            "0 pass",
            "1 run failed",
            "2 usage",
            "3 threshold",
            "5 invalid",
            "130 or 143",
            "schema_version 2",
            "lag",
            "expired",
        ] {
            assert!(help.contains(part), "{part} in {help}");
        }
        let flat = help.split_whitespace().collect::<Vec<_>>().join(" ");
        for scenario in Scenario::value_variants() {
            let name = scenario.name();
            let (_, example) = flat
                .split_once(&format!("Example: loadgen {name}"))
                .unwrap_or_else(|| panic!("{name} in {help}"));
            let options = example.split(" - ").next().unwrap_or_default();
            let options = options.split("[default:").next().unwrap_or_default();
            let settings = settings(&format!("{name} {options}"));
            assert_eq!(settings.args.scenario, *scenario);
        }
    }

    fn settings(typed: &str) -> Settings {
        let words = ["loadgen"].into_iter().chain(typed.split_whitespace());
        let args = Args::try_parse_from(words).unwrap_or_else(|e| panic!("{typed}: {e}"));
        Settings::new(args).unwrap_or_else(|e| panic!("{typed}: {e}"))
    }

    #[test]
    fn without_arguments_it_makes_bursts() {
        let settings = settings("");
        assert_eq!(
            (
                settings.args.scenario,
                settings.connections,
                settings.shape.rate
            ),
            (Scenario::Bursts, 1000, 380.0)
        );
        assert!(!settings.args.no_wait_scrape && !settings.args.json);
    }

    #[test]
    fn times_and_methods_are_taken_as_people_write_them() {
        for (text, millis) in [
            ("1m30s", 90_000),
            ("1h1m1s", 3_661_000),
            ("2s500ms", 2_500),
            ("1.5m", 90_000),
            ("1500us", 1),
        ] {
            let duration = settings(&format!("steady --duration {text}"))
                .shape
                .duration;
            assert_eq!(duration.as_millis(), millis, "{text}");
        }
        assert_eq!(parse_duration("1m 30s").ok(), Some(Duration::from_secs(90)));
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] {
            let settings = settings(&format!("steady --method {method}"));
            assert_eq!(settings.args.method, method);
        }
    }
}
