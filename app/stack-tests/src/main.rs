//! Tests the running stack from outside: `scripts/up`, real containers, real Prometheus, real Alertmanager.
//!
//! Two stacks run side by side, each a compose project with ports of its own, so that an alert that needs a quiet stack and
//! the experiments that are anything but quiet do not wait for each other. `scripts/test` runs this program; a failed check
//! says what it saw.

mod checks;

use std::process::ExitCode;
use std::thread;

use stack_tests::report::Report;
use stack_tests::stack::Stack;

const USAGE: &str = "\
Tests the running stack: starts two of them with scripts/up, tests them from outside, takes them down.

Usage: stack-tests [alerts|operations]   one of the two, or both side by side

Takes about a quarter of an hour: an alert over five minutes cannot be hurried. Set ORDERWATCH_DIRECTORY to test another
checkout than the one this was built in. Rule files are edited there, so use a copy, as scripts/test does.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let chosen: &[fn(&Report)] = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..]
    {
        [] => &[alerts, operations],
        ["alerts"] => &[alerts],
        ["operations"] => &[operations],
        ["--help" | "-h"] => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprintln!(
                "stack-tests: no such part: {}\n\n{USAGE}",
                arguments.join(" ")
            );
            return ExitCode::from(2);
        }
    };
    let report = Report::default();
    thread::scope(|scope| {
        for part in chosen {
            scope.spawn(|| part(&report));
        }
    });
    report.conclude()
}

/// What needs a quiet stack: alerts from their first cause to their end.
fn alerts(report: &Report) {
    let stack = Stack::new("orderwatch-test-alerts", 18000);
    let report = report.of("alerts");
    if report.check("scripts/up", || checks::start::from_nothing(&stack)) {
        checks::alerts::run(&stack, &report);
        checks::walkthrough::run(&stack, &report);
    }
    report.check("scripts/down --volumes", || {
        checks::start::take_down(&stack)
    });
}

/// What disturbs a stack: edits, restarts, kills, replicas.
fn operations(report: &Report) {
    let stack = Stack::new("orderwatch-test-operations", 19000);
    let report = report.of("operations");
    if report.check("scripts/up", || checks::start::from_nothing(&stack)) {
        checks::latency::run(&stack, &report);
        checks::operations::run(&stack, &report);
    }
    report.check("scripts/down --volumes", || {
        checks::start::take_down(&stack)
    });
}
