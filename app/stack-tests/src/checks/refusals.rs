//! What `scripts/up` refuses, and that it names what to change. Ports and whatever else needs no engine are in the tests of the files.

use std::time::Duration;

use crate::report::Report;
use anyhow::{Context, Result, ensure};
use stack::project::{Finished, Stack, wait_until};
use stack::prometheus::messages;
use stack::repository::root;

use super::start::{take_down, up};

/// A project beside the one of these checks, which does not run.
const SECOND: &str = "orderwatch-test-refused";
const SECOND_PORT: u16 = 21000;

/// How long the page may take: Prometheus looks at the rule every 5 s, 15 s must pass, Alertmanager waits 10 s for the group. The
/// rest is for a busy machine.
const PAGED: Duration = Duration::from_secs(90);

pub(crate) fn run(stack: &Stack, report: &Report) {
    report.check("another checkout", || other_checkout(stack));
    report.check("wrong settings at the first start", || {
        let new = Stack::new(SECOND, SECOND_PORT);
        let told = wrong_settings(&new);
        take_down(&new)?;
        told
    });
}

/// The containers of a stack are left to the checkout that started them; this stack runs from a copy.
fn other_checkout(stack: &Stack) -> Result<String> {
    let mut up = stack.command(&["scripts/up"], &[])?;
    let up = up.current_dir(root()).output()?.into();
    let folder = stack.root().to_string_lossy();
    refused(&up, &["COMPOSE_PROJECT_NAME", &folder])?;
    Ok("refused".to_owned())
}

/// The service gives up; what watches has started without it, and pages somebody.
fn wrong_settings(stack: &Stack) -> Result<String> {
    let wrong = [("ORDER_WORKERS", "0"), ("ORDER_QUEUE_CAPACITY", "x")];
    let wrong = stack.run(&["scripts/up"], &wrong)?;
    refused(&wrong, &["ORDER_WORKERS=0", "ORDER_QUEUE_CAPACITY=x"])?;
    // Until it has given up, the container is between two attempts.
    let what = "the container has exit code 64";
    wait_until(what, Duration::from_secs(15), || {
        let code = stack.compose("ps -a order-service --format {{.ExitCode}}")?;
        Ok(code.trim() == "64")
    })?;
    let paged = wait_until("PagerDuty has OrderServiceDown", PAGED, || {
        let pages = messages(&stack.pager(), "pagerduty", "OrderServiceDown", 0.0)?;
        Ok(!pages.is_empty())
    })?;
    up(stack).context("with correct settings again")?;
    Ok(format!(
        "both named, exit 1, the container's is 64, PagerDuty told {:.0} s later; with correct settings everything is up",
        paged.as_secs_f64()
    ))
}

/// It exits with 1 and says all of these.
fn refused(up: &Finished, says: &[&str]) -> Result<()> {
    ensure!(up.code == Some(1), "exit {:?}: {}", up.code, up.output);
    for text in says {
        ensure!(up.output.contains(text), "{text} is not in {}", up.output);
    }
    Ok(())
}
