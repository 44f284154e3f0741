//! The load generator's container: the demonstration that fills the queue and raises nothing, and its exit codes.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::start::image_size;
use crate::report::Report;
use stack::project::{Stack, wait_until};
use stack::prometheus::{now, query, value};

/// The lag that a busy machine is granted; the default of 5 ms asks for an idle one.
const LOADGEN: &str = "docker compose run --rm -T loadgen --json --max-lag 250ms";

pub(crate) fn run(stack: &Stack, report: &Report) {
    report.check("docker compose run --rm loadgen", || bursts(stack));
    report.check("loadgen with a threshold that is missed", || missed(stack));
    report.check("SIGTERM to loadgen as PID 1", || terminated(stack));
}

fn bursts(stack: &Stack) -> Result<String> {
    let started = now();
    let summary = loadgen(stack, "bursts", 0)?;
    let scheduled = summary["scheduled"].as_u64().context("a number")?;
    ensure!(
        summary["counts"]["ok"] == scheduled,
        "{}",
        summary["counts"]
    );

    let elapsed = now() - started;
    let within = |expr: &str| expr.replace("[w]", &format!("[{elapsed:.0}s]"));
    let deepest = value(
        &stack.prometheus(),
        &within("max_over_time(order_queue_depth[w])"),
    )?;
    ensure!(
        (100.0..900.0).contains(&deepest),
        "the queue was {deepest} deep at most"
    );
    // Apart from the one that always fires, and from burn rates: those judge the hours before, drills included.
    let alerts = "last_over_time(ALERTS{alertname!=\"Watchdog\", slo=\"\"}[w])";
    let alerts = query(&stack.prometheus(), &within(alerts))?;
    ensure!(alerts.is_empty(), "{} was raised", alerts[0].labels);
    let size = image_size(stack, "loadgen")?;
    ensure!(size <= 8_000_000, "the image of loadgen has {size} bytes");
    Ok(format!(
        "{scheduled} of {scheduled} orders answered, queue {deepest} deep at most, no alert, image of {:.1} MB",
        size as f64 / 1e6
    ))
}

/// 5 orders a second for 5 s, none of which is answered within a millisecond.
fn missed(stack: &Stack) -> Result<String> {
    let words = "steady --rate 5 --duration 5s --fail p99>1ms";
    let summary = loadgen(stack, words, 3)?;
    ensure!(summary["outcome"] == "missed", "{}", summary["outcome"]);
    Ok("exit 3".to_owned())
}

/// A process that is PID 1 has no default handlers: without its own the signal would be lost.
fn terminated(stack: &Stack) -> Result<String> {
    let name = format!("{}-terminated", stack.project);
    let started = stack.compose(&format!(
        "run -d -T --name {name} loadgen steady --rate 5 --duration 1h --json --max-lag 250ms"
    ));
    let ended = started.and_then(|_| terminate(stack, &name));
    stack.run(&["docker", "rm", "--force", &name], &[])?;
    ended
}

fn terminate(stack: &Stack, name: &str) -> Result<String> {
    let sending = Duration::from_secs(40);
    wait_until("orders are sent", sending, || {
        let logs = stack.run(&["docker", "logs", name], &[])?;
        Ok(logs.output.contains("asked 5/s"))
    })?;
    stack.run(&["docker", "kill", "--signal", "TERM", name], &[])?;
    let state = "{{.State.Status}} {{.State.ExitCode}}";
    let inspect = ["docker", "inspect", "--format", state, name];
    // Longer than what is in flight may take.
    wait_until("it has ended with 143", Duration::from_secs(20), || {
        Ok(stack.run(&inspect, &[])?.stdout.trim() == "exited 143")
    })?;
    let logs = stack.run(&["docker", "logs", name], &[])?;
    let summary: Value = serde_json::from_str(&logs.stdout).with_context(|| logs.output.clone())?;
    ensure!(
        summary["outcome"] == "interrupted",
        "{}",
        summary["outcome"]
    );
    Ok("exit 143 and a summary".to_owned())
}

/// The summary of a load, which must end with this exit code.
pub(super) fn loadgen(stack: &Stack, words: &str, code: i32) -> Result<Value> {
    let words: Vec<_> = LOADGEN.split(' ').chain(words.split(' ')).collect();
    let run = stack.run(&words, &[])?;
    ensure!(
        run.code == Some(code),
        "exit {:?}: {}",
        run.code,
        run.output
    );
    // The summary is all that is on standard output; progress went to the other stream.
    serde_json::from_str(&run.stdout).with_context(|| run.output.clone())
}
