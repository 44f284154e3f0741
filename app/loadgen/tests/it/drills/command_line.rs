//! `loadgen drill --help`, `--list`, and command lines that make no sense.

use clap::{Parser, ValueEnum};
use loadgen::cli::{Args, Command};
use loadgen::drill::Name;

use crate::support::{code, loadgen, stderr};

fn printed(arguments: &[&str]) -> String {
    let output = loadgen(arguments)
        .output()
        .expect("it was built for this test");
    assert_eq!(code(&output), 0, "{output:?}");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn the_list_has_every_drill_with_its_length_and_how_it_is_started() {
    let list = printed(&["drill", "--list"]);
    for name in Name::value_variants() {
        let line = list
            .lines()
            .find(|line| line.starts_with(name.word()))
            .unwrap_or_else(|| panic!("{} in {list}", name.word()));
        assert!(line.contains(" min "), "{line}");
        let hands = matches!(name, Name::TargetDown | Name::SilentPipe);
        assert_eq!(line.contains("scripts/drill"), hands, "{line}");
    }
}

#[test]
fn help_shows_every_drill_with_an_example_that_is_a_valid_command_line() {
    let help = printed(&["drill", "--help"]);
    let flat = help.split_whitespace().collect::<Vec<_>>().join(" ");
    let (_, values) = flat
        .split_once("Possible values:")
        .expect("names are values");
    for name in Name::value_variants() {
        let example = format!("Example: loadgen drill {}", name.word());
        let start = values
            .find(&example)
            .unwrap_or_else(|| panic!("{example} in {help}"))
            + 9;
        let end = [" - ", " Options:"]
            .into_iter()
            .filter_map(|end| values[start..].find(end))
            .min()
            .map_or(values.len(), |end| start + end);
        let words: Vec<_> = values[start..end].split(' ').collect();
        let args =
            Args::try_parse_from(&words).unwrap_or_else(|error| panic!("{words:?}: {error}"));
        let Some(Command::Drill(drill)) = args.command else {
            panic!("{words:?} is a drill");
        };
        assert_eq!(drill.name, Some(*name));
    }
    for part in [
        "4 a drill failed",
        "5 not run",
        "schema_version 1",
        "do: docker compose",
    ] {
        assert!(flat.contains(part), "{part} in {help}");
    }
}

#[test]
fn two_when_the_command_line_makes_no_sense() {
    let cases: [(&[&str], &str); 7] = [
        (&["drill"], "NAME|--all|--list"),
        (&["drill", "hurricane"], "hurricane"),
        (&["drill", "blip", "--all"], "cannot be used"),
        (&["drill", "blip", "--until", "dawn"], "delivered"),
        (&["drill", "blip", "--pager", "https://pager"], "TLS"),
        (&["drill", "target-down"], "scripts/drill target-down"),
        (&["drill", "silent-pipe"], "scripts/drill silent-pipe"),
    ];
    for (arguments, wanted) in cases {
        let output = loadgen(arguments)
            .output()
            .expect("it was built for this test");
        assert_eq!(code(&output), 2, "{arguments:?}: {output:?}");
        assert!(
            stderr(&output).contains(wanted),
            "{arguments:?}: {}",
            stderr(&output)
        );
        assert!(output.stdout.is_empty());
    }
}
