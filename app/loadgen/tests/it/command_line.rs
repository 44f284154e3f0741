//! `--help`, and what is filled in.

use clap::{Parser, ValueEnum};
use loadgen::cli::Args;
use loadgen::scenario::Scenario;
use loadgen::settings::Settings;

use crate::support::{code, loadgen};

#[test]
fn help_shows_every_scenario_with_a_valid_example_and_every_exit_code() {
    let output = loadgen(&["--help"])
        .output()
        .expect("it was built for this test");
    assert_eq!(code(&output), 0);
    let help = String::from_utf8(output.stdout).expect("text");
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
        let (_, example) = flat
            .split_once(&format!("Example: loadgen {}", scenario.name()))
            .unwrap_or_else(|| panic!("{scenario:?} in {help}"));
        let options = example.split(" - ").next().unwrap_or_default();
        let words = ["loadgen", scenario.name()]
            .into_iter()
            .chain(options.split_whitespace())
            .take_while(|word| *word != "[default:");
        let args = Args::try_parse_from(words).unwrap_or_else(|e| panic!("{options}: {e}"));
        assert_eq!(args.scenario, *scenario);
        assert!(Settings::new(args).is_ok(), "{options}");
    }
}

#[test]
fn without_arguments_it_makes_bursts() {
    let args = Args::try_parse_from(["loadgen"]).expect("nothing is required");
    let settings = Settings::new(args).expect("the defaults agree");
    assert_eq!(
        (settings.scenario, settings.connections, settings.shape.rate),
        (Scenario::Bursts, 1000, 380.0)
    );
    assert!(settings.waits_for_scrape && !settings.json);
}

#[test]
fn times_methods_and_percentiles_are_taken_as_people_write_them() {
    let settings = |more: &[&str]| {
        let args = Args::try_parse_from([&["loadgen", "steady"], more].concat());
        let args = args.unwrap_or_else(|error| panic!("{more:?}: {error}"));
        Settings::new(args).expect("nothing contradicts")
    };
    for (text, millis) in [
        ("1m30s", 90_000),
        ("1h1m1s", 3_661_000),
        ("1m 30s", 90_000),
        ("2s500ms", 2_500),
        ("1.5m", 90_000),
    ] {
        let duration = settings(&["--duration", text]).shape.duration;
        assert_eq!(duration.as_millis(), millis, "{text}");
    }
    for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] {
        assert_eq!(settings(&["--method", method]).method, method);
    }
    for threshold in ["p75>1s", "p99.99>1s", "p1<1us"] {
        assert_eq!(settings(&["--fail", threshold]).thresholds.len(), 1);
    }
}
