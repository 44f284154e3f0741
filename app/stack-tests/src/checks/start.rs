//! From nothing to a healthy stack, and back.

use anyhow::{Result, ensure};

use stack::project::Stack;
use stack::prometheus::targets;

/// `scripts/up`, which must succeed; what it prints.
pub(super) fn up(stack: &Stack) -> Result<String> {
    Ok(stack.run(&["scripts/up"], &[])?.success()?.output)
}

pub(crate) fn from_nothing(stack: &Stack) -> Result<String> {
    stack.run(&["scripts/down", "--volumes"], &[])?;
    let up = up(stack)?;
    let has_grafana = stack.has_grafana()?;
    let has_viewer = stack.has_viewer()?;
    let running = stack.compose("ps --format {{.Service}}={{.Health}}")?;
    let healthy = running.lines().all(|line| line.ends_with("=healthy"));
    let complete = running.contains("grafana=") == has_grafana
        && running.contains("dashboards=") == has_viewer;
    ensure!(healthy && complete, "{running}");
    for (name, _) in stack.ports() {
        let shown = up.contains(&stack.public_url(name));
        let wanted = has_grafana || has_viewer || *name != "GRAFANA_PORT";
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
    for service in ["order-service", "pager", "loadgen", "drill"] {
        let image = format!("{}-{service}", stack.project);
        let inspect = [
            "docker",
            "image",
            "inspect",
            "--format",
            "{{.Size}}",
            &image,
        ];
        let size: u64 = stack.run(&inspect, &[])?.output.trim().parse()?;
        ensure!(size <= 8_000_000, "the image of {service} has {size} bytes");
        sizes.push(format!("{service} {:.1} MB", size as f64 / 1e6));
    }
    let sizes = sizes.join(", ");
    Ok(format!("all healthy and scraped, images: {sizes}"))
}

/// `scripts/down --volumes` leaves nothing of the project.
pub(crate) fn take_down(stack: &Stack) -> Result<String> {
    stack.run(&["scripts/down", "--volumes"], &[])?.success()?;
    let label = format!("label=com.docker.compose.project={}", stack.project);
    for list in ["ps -aq", "volume ls -q", "network ls -q"] {
        let words = ["docker"].into_iter().chain(list.split(' '));
        let words: Vec<_> = words.chain(["--filter", &label]).collect();
        let left = stack.run(&words, &[])?.output;
        ensure!(left.is_empty(), "{list} leaves {left}");
    }
    Ok("no container, volume or network is left".to_owned())
}
