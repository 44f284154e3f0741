//! Tests the running stack from outside: `scripts/up`, real containers, real Prometheus, real Alertmanager.
//!
//! Several stacks run side by side, each a compose project with its own ports, so that alerts that need a quiet stack do not wait
//! for experiments that are not quiet. `scripts/test` runs this program; a failed check prints what it saw.

mod checks;
mod mutants;
mod report;

use std::process::ExitCode;
use std::thread;

use crate::report::Report;
use stack::project::Stack;

const USAGE: &str = "\
Tests the running stack: starts stacks with scripts/up, tests them from outside, takes them down.

Usage: stack-tests [--all] [PART...]   parts: alerts, operations, drills, swarm; without any: all but drills, with --all every one
       stack-tests mutants [FILE...]   how many small changes of the Prometheus rules, or of rule files such as order-slo.yml, their
                                       tests catch; starts no stack

The parts run side by side, each on a stack of its own. They take about twenty minutes, since an alert over five minutes
cannot be hurried; --all, which runs every drill, takes about twice that. Each stack runs from its own copy of the checkout,
in the folder for temporary files, since rule files are edited. Set ORDERWATCH_DIRECTORY to test another checkout than the one
this was built in.

mutants changes thresholds, operators, windows, `for`, labels and matchers of the rules, one at a time, and runs the tests of the
rules on each. At least 95 % must be caught; the rest must stand, with a reason, in observability/prometheus/tests/survivors.txt.
It needs the image of the service prometheus.
";

/// Checks that run on their own stack, at the same time as the other parts.
struct Part {
    name: &'static str,
    project: &'static str,
    base_port: u16,
    run: fn(&Stack, &Report, Depth),
}

/// Which checks run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    /// Those that every change must pass.
    Default,
    All,
}

const PARTS: [Part; 3] = [
    Part {
        name: "alerts",
        project: "orderwatch-test-alerts",
        base_port: 18000,
        run: alerts,
    },
    Part {
        name: "operations",
        project: "orderwatch-test-operations",
        base_port: 19000,
        run: operations,
    },
    Part {
        name: "drills",
        project: "orderwatch-test-drills",
        base_port: 20000,
        run: drills,
    },
];

/// The part whose stack is no compose project.
const SWARM: &str = "swarm";

fn main() -> ExitCode {
    let mut depth = Depth::Default;
    let (mut chosen, mut swarm) = (Vec::new(), false);
    let mut arguments = std::env::args().skip(1).peekable();
    if arguments.next_if_eq("mutants").is_some() {
        return mutants::run(&arguments.collect::<Vec<_>>());
    }
    for argument in arguments {
        match argument.as_str() {
            "--all" => depth = Depth::All,
            "--help" | "-h" => {
                print!("{USAGE}");
                return ExitCode::SUCCESS;
            }
            SWARM => swarm = true,
            name => {
                let Some(part) = PARTS.iter().find(|part| part.name == name) else {
                    eprintln!("stack-tests: no such part: {name}\n\n{USAGE}");
                    return ExitCode::from(2);
                };
                chosen.push(part);
            }
        }
    }
    if chosen.is_empty() && !swarm {
        swarm = true;
        let parts = if depth == Depth::All { 3 } else { 2 };
        chosen = PARTS[..parts].iter().collect();
    }
    let report = Report::default();
    thread::scope(|scope| {
        for part in chosen {
            scope.spawn(|| on_a_stack(part, &report.of(part.name), depth));
        }
        if swarm {
            scope.spawn(|| checks::swarm::run(&report.of(SWARM), depth));
        }
    });
    report.conclude()
}

/// Starts the part's stack, runs the part, and takes the stack down.
fn on_a_stack(part: &Part, report: &Report, depth: Depth) {
    let mut stack = Stack::new(part.project, part.base_port);
    let copied = report.check("a copy of the checkout", || stack.move_to_a_copy());
    if copied && report.check("scripts/up", || checks::start::from_nothing(&stack)) {
        (part.run)(&stack, report, depth);
    }
    report.check("scripts/down --volumes", || {
        checks::start::take_down(&stack)
    });
}

/// Checks that need a quiet stack: alerts from their cause until they are resolved.
fn alerts(stack: &Stack, report: &Report, depth: Depth) {
    checks::dashboards::run(stack, report, "before the first order");
    checks::look::run(stack, report, "before the first order");
    let due = checks::drills::HIGH_ERROR_RATE_DUE;
    checks::drills::one(stack, report, "high-error-rate", Some(due));
    for receiver in ["pagerduty", "slack"] {
        report.check(&format!("its message through {receiver}"), || {
            checks::drills::message(stack, "HighErrorRate", receiver)
        });
    }
    report.check("every link of every dashboard", || {
        checks::links::of_dashboards(stack)
    });
    checks::alerts::lone_failure(stack, report);
    checks::alerts::burst(stack, report);
    if depth == Depth::All {
        checks::alerts::long_absence(stack, report);
    }
    checks::walkthrough::run(stack, report);
    report.check("the web pages of Prometheus and Alertmanager", || {
        checks::links::pages(stack)
    });
    if depth == Depth::All {
        // The last, since it leaves the stack stopped.
        checks::look::in_an_outage(stack, report);
    }
}

/// Checks that disturb a stack: edits, restarts, kills, replicas.
fn operations(stack: &Stack, report: &Report, depth: Depth) {
    if depth == Depth::All {
        report.check("count=50&slow_rate=0.5 as the first orders", || {
            checks::alerts::raised_by_slow_orders(stack, report)
        });
    }
    checks::drills::one(stack, report, "high-latency", None);
    report.check("every line of the inhibition table", || {
        checks::inhibition::run(stack)
    });
    checks::messages::run(stack, report);
    checks::outage::run(stack, report);
    if depth == Depth::All {
        report.check(
            "an outage of both receivers, and restarts of Alertmanager",
            || checks::messages::outage(stack),
        );
    }
    report.check("error_rate=0.5, 20 orders", || {
        checks::alerts::pending_from_twenty(stack, report)
    });
    checks::operations::run(stack, report);
    checks::refusals::run(stack, report);
}

/// Every drill and every experiment, one after the other, because the rules look back over the same minutes.
fn drills(stack: &Stack, report: &Report, _depth: Depth) {
    checks::drills::stranger(stack, report);
    checks::drills::all(stack, report);
    checks::drills::lab(stack, report);
}
