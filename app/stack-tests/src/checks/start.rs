//! From nothing to a healthy stack, and back.

use anyhow::{Result, ensure};

use stack::project::Stack;
use stack::prometheus::targets;

/// `scripts/up` for a project that does not exist yet.
pub(crate) fn from_nothing(stack: &Stack) -> Result<String> {
    stack.run(&["scripts/down", "--volumes"], &[])?;
    let up = stack.run(&["scripts/up"], &[])?;
    ensure!(up.code == Some(0), "exit {:?}: {}", up.code, up.output);
    let has_grafana = stack.has_grafana()?;
    let has_viewer = stack.has_viewer()?;
    let running = running(stack)?;
    for (service, expected) in [("grafana", has_grafana), ("dashboards", has_viewer)] {
        ensure!(
            running.contains(&service.to_owned()) == expected,
            "{running:?} run"
        );
    }
    for (name, _) in stack.ports() {
        let shown = up.output.contains(&stack.public_url(name));
        ensure!(
            shown == (has_grafana || has_viewer || *name != "GRAFANA_PORT"),
            "{name}: {}",
            up.output
        );
    }
    ensure!(
        up.output
            .trim_end()
            .lines()
            .last()
            .is_some_and(|l| l.contains("scripts/drill high-error-rate")),
        "{}",
        up.output
    );
    let targets = targets(&stack.prometheus())?;
    for job in ["order-service", "prometheus", "alertmanager", "pager"] {
        ensure!(
            targets.contains(&(job.to_owned(), "up".to_owned())),
            "{job} is not up: {targets:?}"
        );
    }
    let mut sizes = Vec::new();
    for service in ["order-service", "pager", "loadgen"] {
        let size = image_size(stack, service)?;
        ensure!(size <= 8_000_000, "the image of {service} has {size} bytes");
        sizes.push(format!("{service} {:.1} MB", size as f64 / 1e6));
    }
    Ok(format!(
        "every service healthy, every job scraped, images: {}",
        sizes.join(", ")
    ))
}

/// The running services, which must all be healthy.
fn running(stack: &Stack) -> Result<Vec<String>> {
    let list = stack.compose("ps --format {{.Service}}={{.Health}}")?;
    list.lines()
        .map(|line| {
            let (service, health) = line.split_once('=').unwrap_or((line, ""));
            ensure!(health == "healthy", "{service} is {health:?}");
            Ok(service.to_owned())
        })
        .collect()
}

/// The size in bytes of the image that Compose has built for a service.
pub(crate) fn image_size(stack: &Stack, service: &str) -> Result<u64> {
    let image = format!("{}-{service}", stack.project);
    let inspect = ["docker", "image", "inspect", "--format", "{{.Size}}"];
    let seen = stack.run(&[&inspect[..], &[&image]].concat(), &[])?;
    Ok(seen.output.trim().parse()?)
}

/// `scripts/down --volumes` leaves nothing of the project.
pub(crate) fn take_down(stack: &Stack) -> Result<String> {
    let down = stack.run(&["scripts/down", "--volumes"], &[])?;
    ensure!(
        down.code == Some(0),
        "exit {:?}: {}",
        down.code,
        down.output
    );
    let label = format!("label=com.docker.compose.project={}", stack.project);
    for list in [
        &["docker", "ps", "-aq"][..],
        &["docker", "volume", "ls", "-q"],
        &["docker", "network", "ls", "-q"],
    ] {
        let words: Vec<_> = list.iter().copied().chain(["--filter", &label]).collect();
        let left = stack.run(&words, &[])?;
        ensure!(
            left.output.is_empty(),
            "{} leaves {}",
            list.join(" "),
            left.output
        );
    }
    Ok("no container, volume or network is left".to_owned())
}
