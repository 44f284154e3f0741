//! Every panel of every dashboard, drawn in a browser and looked at: with load, with an outage, and without any traffic.
//!
//! What its queries return: [`super::dashboards`].

use std::time::Duration;

use crate::report::Report;
use anyhow::{Result, ensure};
use stack::dashboards::{FOLDER, PRACTICE_FOLDER};
use stack::project::{Stack, wait_until};
use stack::prometheus::query;
use stack::repository::root;

const PROGRAM: &str = "app/dashboards/look/look.mjs";
/// Where the screenshots are kept, below the root of the checkout that is tested.
const SCREENSHOTS: &str = "app/target/dashboards-look";

/// What must not look well while everything but Prometheus is stopped.
const AFFECTED: [&str; 6] = [
    "Targets Down",
    "Watchdog's Age",
    "Alertmanagers Found",
    "Alertmanager Reachable",
    "Overflowing Series",
    "Instances Up",
];

/// How long Prometheus may take to forget a target whose name is gone: it asks every 15 s, and keeps what it had if the name service
/// gives no answer.
const FORGOTTEN: Duration = Duration::from_mins(2);

/// Looks at every panel.
pub(crate) fn run(stack: &Stack, report: &Report, when: &str) {
    report.check(&format!("every panel, {when}"), || look(stack, when, &[]));
}

/// Stops what Prometheus watches, and leaves it so.
pub(crate) fn in_an_outage(stack: &Stack, report: &Report) {
    report.check("every panel, in an outage", || {
        stack.compose("stop order-service alertmanager pager")?;
        wait_until("their targets are gone", FORGOTTEN, || {
            let jobs = "up{job=~\"order-service|alertmanager|pager\"}";
            Ok(query(&stack.prometheus(), jobs)?.is_empty())
        })?;
        look(stack, "in an outage", &AFFECTED)
    });
}

fn look(stack: &Stack, when: &str, not_green: &[&str]) -> Result<String> {
    let file = |path: &str| root().join(path).display().to_string();
    let output = file(&format!("{SCREENSHOTS}/{}", when.replace(' ', "-")));
    let (dashboards, practice) = (file(FOLDER), file(PRACTICE_FOLDER));
    let prometheus = stack.public_url("PROMETHEUS_PORT");
    let program = file(PROGRAM);
    let mut words = vec!["node", &program, "--prometheus", &prometheus];
    words.extend(["--dashboards", &dashboards, "--dashboards", &practice]);
    words.extend(["--output", &output]);
    words.extend(not_green.iter().flat_map(|title| ["--not-green", title]));
    let looked = stack.run(&words, &[])?;
    ensure!(
        looked.code == Some(0),
        "exit {:?}, screenshots in {output}:\n{}",
        looked.code,
        looked.output
    );
    Ok(format!(
        "{}, screenshots in {output}",
        looked.stdout.trim_end()
    ))
}
