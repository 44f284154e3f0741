//! The web pages of Prometheus and Alertmanager, which messages link: upstream's, or ours on top of Debian's packages.

use std::fs;

use crate::report::Report;
use anyhow::{Result, ensure};
use stack::project::Stack;
use stack::repository::root;

pub(crate) fn run(stack: &Stack, report: &Report) {
    report.check("the web pages of Prometheus and Alertmanager", || {
        pages(stack)
    });
}

fn pages(stack: &Stack) -> Result<String> {
    let ours = fs::read_to_string(root().join("docker-compose.override.yml"))
        .is_ok_and(|text| text.contains("scripts/debian/pages"));
    for (client, path, element) in [
        (
            stack.prometheus(),
            "/graph?g0.expr=up&g0.tab=1",
            "id=\"expr\"",
        ),
        (stack.alertmanager(), "/", "id=\"matchers\""),
    ] {
        let answer = client.get(path)?;
        ensure!(answer.status == 200, "{path} answered {}", answer.status);
        ensure!(
            !ours || answer.body.contains(element),
            "{path} is not our page: {}",
            answer.body
        );
    }
    Ok(if ours { "ours" } else { "upstream's" }.to_owned())
}
