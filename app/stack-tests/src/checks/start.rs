//! From nothing to a healthy stack, and back.

use anyhow::{Result, ensure};

use stack::project::Stack;
use stack::prometheus::targets;

/// `scripts/up`, which must succeed; what it prints.
pub(super) fn up(stack: &Stack) -> Result<String> {
    let up = stack.run(&["scripts/up"], &[])?;
    ensure!(up.code == Some(0), "exit {:?}: {}", up.code, up.output);
    Ok(up.output)
}

pub(crate) fn from_nothing(stack: &Stack) -> Result<String> {
    stack.run(&["scripts/down", "--volumes"], &[])?;
    let up = up(stack)?;
    let has_grafana = stack.has_grafana()?;
    let running = running(stack)?;
    ensure!(
        running.contains(&"grafana".to_owned()) == has_grafana,
        "{running:?} run"
    );
    for (name, _) in stack.ports() {
        let shown = up.contains(&stack.public_url(name));
        let wanted = has_grafana || *name != "GRAFANA_PORT";
        ensure!(shown == wanted, "{name}: {up}");
    }
    let last = up.trim_end().lines().last();
    let next = last.is_some_and(|line| line.contains("scripts/drill high-error-rate"));
    ensure!(next, "{up}");
    let targets = targets(&stack.prometheus())?;
    for job in ["order-service", "prometheus", "alertmanager", "pager"] {
        let up = targets.contains(&(job.to_owned(), "up".to_owned()));
        ensure!(up, "{job} is not up: {targets:?}");
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
fn image_size(stack: &Stack, service: &str) -> Result<u64> {
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
        "docker ps -aq",
        "docker volume ls -q",
        "docker network ls -q",
    ] {
        let words: Vec<_> = list.split(' ').chain(["--filter", &label]).collect();
        let left = stack.run(&words, &[])?.output;
        ensure!(left.is_empty(), "{list} leaves {left}");
    }
    Ok("no container, volume or network is left".to_owned())
}
